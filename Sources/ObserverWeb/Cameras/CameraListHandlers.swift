package import HTTPTypes
import HTTPRouting
import Mustache
import ObserverCore
import ObserverStore

/// The table and the wall, and the switches of many cameras.
package enum CameraListHandlers {
    @Sendable package static func table(_ request: WebRequest) throws -> HTTPResponse {
        try request.answer(CamerasPage(try list(request, length: CamerasPage.length)))
    }

    @Sendable package static func wall(_ request: WebRequest) throws -> HTTPResponse {
        try request.answer(WallPage(try list(request, length: WallPage.length)))
    }

    private static func list(_ request: WebRequest, length: Int) throws -> CameraListView {
        let filter = CameraFilter(try request.http.queryFields())
        let store = CameraStore(request.database)
        if let after = filter.after, try !store.hasHad(after) {
            throw QueryValue.unknown("after", "must be the number of a camera")
        }
        let glances = try CameraGlanceStore(request.database).read(filter.query(limit: length))
        return CameraListView(
            cameras: try listings(of: glances.page.map(\.id), in: store),
            glances: glances,
            tags: try OverviewStore(request.database).tags(),
            filter: filter,
            viewer: try request.signedIn(),
            now: request.now
        )
    }

    private static func listings(of ids: [CameraID], in store: CameraStore) throws -> [CameraListing] {
        guard !ids.isEmpty else { return [] }
        return try store.list(CameraQuery(ids: ids, includesRecordings: true))
    }

    /// The rows or tiles of some cameras, for a page to which they have come: `?as=row&ids=7,9`.
    @Sendable package static func parts(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["as", "ids"])
        let part = try QueryValue.word(fields, "as") ?? CameraPart.row
        let ids = (try QueryValue.identifiers(fields, "ids") ?? []).map { CameraID(rawValue: $0) }
        let listings = try listings(of: ids, in: CameraStore(request.database))
        let back = part == .row ? Links.cameras : Links.wall
        let view = CameraItemView(viewer: try request.signedIn(), now: request.now, back: back)
        let values: MustacheValue = ["is_row": .bool(part == .row), "rows": MustacheValue(listings) { view.value($0) }]
        let body = try request.context.pages.render(part: "pages/camera-parts", values)
        var response = HTTPResponse(contentType: "text/html; charset=utf-8", body: body)
        response.set(.cacheControl, "no-store")
        return response
    }

    // MARK: Many switches

    @Sendable package static func on(_ request: WebRequest) throws -> HTTPResponse { try flip(request, true) }

    @Sendable package static func off(_ request: WebRequest) throws -> HTTPResponse { try flip(request, false) }

    /// Switches the cameras that were chosen, or, after a question, all that a filter lets through.
    private static func flip(_ request: WebRequest, _ isOn: Bool) throws -> HTTPResponse {
        let fields = try request.http.formFields()
        guard fields["all"] == nil else { return try flipAll(request, fields, isOn: isOn) }
        let ids = try chosen(fields)
        // The boxes are sent by GET as well, so that the filter is in the address to which they are sent.
        let filter = CameraFilter(try request.http.queryFields())
        let cameras = try listings(of: ids, in: CameraStore(request.database))
        return try flip(cameras, isOn, listedBy: filter, request)
    }

    private static func chosen(_ fields: FormFields) throws -> [CameraID] {
        let numbers = fields.all("camera").map { text in
            Int64(text).flatMap { (1...QueryValue.greatest).contains($0) ? $0 : nil }
        }
        guard !numbers.isEmpty, !numbers.contains(nil) else {
            let message = numbers.isEmpty ? "is required: choose at least one" : "must be the number of a camera"
            throw Problem(422, "The camera \(message). Nothing was changed.", errors: ["camera": message])
        }
        return numbers.compactMap { $0.map(CameraID.init) }
    }

    private static func flipAll(
        _ request: WebRequest,
        _ fields: FormFields,
        isOn: Bool
    ) throws -> HTTPResponse {
        let filter = CameraFilter(fields)
        let store = CameraStore(request.database)
        var all: [CameraListing] = []
        var query = filter.query(limit: CameraQuery.longestPage)
        query.after = nil
        repeat {
            let page = try store.list(query)
            all += page
            query.after = page.count == query.limit ? page.last?.camera.id : nil
        } while query.after != nil
        let others = all.filter { $0.camera.isActive != isOn }
        guard !others.isEmpty else { return request.redirect(filter.link(Links.cameras), done: .manySame) }
        // Somebody may have added cameras while the question stood there: then it is another question.
        guard fields["sure"].flatMap({ Int($0) }) == others.count else {
            let csrf = try request.signedIn().csrf
            let names = others.map(\.camera.name)
            return try request.answer(CamerasSwitchPage(names: names, isOn: isOn, filter: filter, csrf: csrf))
        }
        return try flip(others, isOn, listedBy: filter, request)
    }

    private static func flip(
        _ cameras: [CameraListing],
        _ isOn: Bool,
        listedBy filter: CameraFilter,
        _ request: WebRequest
    ) throws -> HTTPResponse {
        let service = CameraService(request.context)
        let actor = try request.actor()
        for camera in cameras where camera.camera.isActive != isOn {
            do {
                _ = try service.setActive(camera.camera.id, isOn, by: actor)
            } catch let problem as Problem where problem.status == 404 {
                continue  // deleted meanwhile
            }
        }
        return request.redirect(filter.link(Links.cameras, after: filter.after), done: isOn ? .manyOn : .manyOff)
    }
}
