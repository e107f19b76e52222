package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The forms that add, change, switch and delete cameras.
///
/// Each ends in a redirect, so a reload repeats nothing. A form with errors comes back with the typed values.
package enum CameraFormHandlers {
    // MARK: Adding and editing

    /// An empty form.
    @Sendable package static func new(_ request: WebRequest) throws -> HTTPResponse {
        try answer(CameraForm(defaults: request.context.defaults), request)
    }

    @Sendable package static func create(_ request: WebRequest) throws -> HTTPResponse {
        let form = CameraForm(posted: try request.http.formFields(), editing: nil)
        guard form.errors.isEmpty else { return try answer(form, request, status: 422) }
        do {
            let created = try CameraService(request.context).create(form.values, by: try request.actor())
            return request.redirect(Links.camera(created.camera.id), done: .added)
        } catch let wrong as FieldErrors {
            return try answer(form.with(errors: wrong.errors), request, status: 422)
        }
    }

    /// The form of a camera.
    @Sendable package static func edit(_ request: WebRequest) throws -> HTTPResponse {
        let camera = try CameraService(request.context).get(request.cameraID).camera
        return try answer(CameraForm(editing: AddressView(request).shown(camera)), request)
    }

    @Sendable package static func save(_ request: WebRequest) throws -> HTTPResponse {
        let service = CameraService(request.context)
        let camera = try service.get(request.cameraID).camera
        let form = CameraForm(posted: try request.http.formFields(), editing: camera)
        guard form.errors.isEmpty else { return try answer(form, request, status: 422) }
        do {
            let (saved, isChanged) = try service.patch(
                camera.id,
                form.values,
                expecting: form.version,
                by: try request.actor()
            )
            return request.redirect(Links.camera(saved.camera.id), done: isChanged ? .saved : .unchanged)
        } catch let wrong as FieldErrors {
            return try answer(form.with(errors: wrong.errors), request, status: 422)
        } catch let problem as Problem where problem.status == 412 {
            // The fields keep the typed values. The version becomes the present one, so saving again overwrites the change.
            let message = "Somebody else changed this camera meanwhile. Nothing was saved; save again to overwrite it."
            return try answer(form.with(version: camera.version, problem: message), request, status: 409)
        }
    }

    // MARK: Deleting

    /// The page that asks for confirmation.
    @Sendable package static func confirmDeletion(_ request: WebRequest) throws -> HTTPResponse {
        let camera = try CameraService(request.context).get(request.cameraID).camera
        return try request.answer(CameraDeletePage(camera: camera, csrf: try request.signedIn().csrf))
    }

    @Sendable package static func delete(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        try CameraService(request.context).delete(
            request.cameraID,
            withRecordings: fields["recordings"] == "delete",
            expecting: try version(fields),
            by: try request.actor()
        )
        return request.redirect(Links.cameras, done: .deleted)
    }

    // MARK: The switch

    @Sendable package static func flip(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        guard let wanted = fields["is_active"], ["true", "false"].contains(wanted) else {
            throw Problem(
                422,
                "The switch (is_active) must say true or false.",
                errors: ["is_active": "must be true or false"]
            )
        }
        let listing = try CameraService(request.context)
            .setActive(request.cameraID, wanted == "true", expecting: try version(fields), by: try request.actor())
        return request.redirect(Links.inside(fields["back"]), done: listing.camera.isActive ? .on : .off)
    }

    /// Connects now instead of later.
    @Sendable package static func retry(_ request: WebRequest) throws -> HTTPResponse {
        let listing = try CameraService(request.context).retry(request.cameraID)
        return request.redirect(Links.camera(listing.camera.id), done: .retried)
    }

    /// The version that the person saw; nil: the form says none.
    private static func version(_ fields: FormFields) throws(Problem) -> Int64? {
        guard let text = fields["version"] else { return nil }
        guard let version = Int64(text) else {
            throw Problem(422, "The version must be a number.", errors: ["version": "must be a whole number"])
        }
        return version
    }

    private static func answer(_ form: CameraForm, _ request: WebRequest, status: Int = 200) throws -> HTTPResponse {
        try request.answer(CameraFormPage(form: form, csrf: try request.signedIn().csrf), status: status)
    }
}
