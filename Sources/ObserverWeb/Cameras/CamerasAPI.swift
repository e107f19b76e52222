import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore
import Postgres

/// The API below `/cameras/`.
package enum CamerasAPI {
    static let path = "/api/v1/cameras/"

    /// A page of cameras, or of their states, as it is sent.
    package struct Page: Sendable {
        let body: [UInt8]
        let tag: EntityTag
        /// `Link` to the next page.
        var next: String?
    }

    /// All that a page depends on.
    package struct PageKey: Hashable, Sendable {
        let path: String
        /// As it was sent: two that mean the same are made twice.
        let query: String
        /// Not everybody sees all of an address.
        let role: Role
    }

    /// The cameras of a page; many look at once, so that it is made at most four times a second.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let key = PageKey(path: path, query: request.http.query, role: try request.signedIn().role)
        let page = try request.context.cameraPages.answer(for: key, bytes: \.body.count) { try makePage(request) }
        var response = HTTPResponse(contentType: "application/json", body: page.body)
        response.set(.cacheControl, "no-store")
        if let next = page.next { response.add(.link, next) }
        return response.tagged(page.tag, for: request.http)
    }

    /// Writes a page, from the database's answer straight into the body.
    private static func makePage(_ request: WebRequest) throws -> Page {
        let (fields, query) = try query(request)
        let store = CameraStore(request.database)
        let view = AddressView(request)
        var json = JSONWriter(capacity: 64 * 1024)
        var last: Int64 = 0
        var count = 0
        try json.array { json throws(PostgresError) in
            count = try store.forEachRow(query) { row throws(PostgresError) in
                last = try CameraJSON.write(row, seenBy: view, to: &json)
            }
        }
        let next = count == query.limit ? QueryValue.next(path, fields, after: String(last)) : nil
        return Page(body: json.bytes, tag: BodyTag.tag(of: json.bytes), next: next)
    }

    /// The filter and the page that are asked for; `ids` is the name of the field with numbers.
    static func query(_ request: WebRequest, ids: String = "ids") throws -> (FormFields, CameraQuery) {
        let fields = try request.query(["q", "tag", "state", ids, "limit", "after"])
        let query = CameraQuery(
            text: try QueryValue.text(fields, "q"),
            tag: try QueryValue.text(fields, "tag"),
            state: try QueryValue.word(fields, "state"),
            ids: try QueryValue.identifiers(fields, ids)?.map { CameraID(rawValue: $0) },
            limit: try QueryValue.integer(fields, "limit", in: 1...CameraQuery.longestPage) ?? CameraQuery.longestPage,
            after: try QueryValue.cursor(fields, "after").map { CameraID(rawValue: $0) }
        )
        if let after = query.after, try !CameraStore(request.database).hasHad(after) {
            throw QueryValue.unknown("after", "must be the number of a camera")
        }
        return (fields, query)
    }

    @Sendable package static func create(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.jsonObject().mapValues { $0.field }
        let listing = try CameraService(request.context).create(fields, by: try request.actor())
        var response = answer(listing, to: request, status: 201)
        response.set(.location, path + listing.camera.id.description)
        return response
    }

    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let (response, tag) = written(try CameraService(request.context).get(request.cameraID), for: request)
        return response.tagged(tag, for: request.http)
    }

    @Sendable package static func patch(_ request: WebRequest) throws -> HTTPResponse {
        let types = ["application/json", "application/merge-patch+json"]
        let fields = try request.http.jsonObject(mediaTypes: types).mapValues { $0.field }
        let expected = try expectedVersion(request)
        let (listing, _) = try CameraService(request.context)
            .patch(request.cameraID, fields, expecting: expected, by: try request.actor())
        return answer(listing, to: request)
    }

    @Sendable package static func delete(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["recordings"])
        if let recordings = fields["recordings"], recordings != "delete" {
            let message = "can only be delete"
            throw Problem(422, "The parameter recordings \(message).", errors: ["recordings": message])
        }
        try CameraService(request.context).delete(
            request.cameraID,
            withRecordings: fields["recordings"] != nil,
            expecting: try expectedVersion(request),
            by: try request.actor()
        )
        return HTTPResponse(status: 204)
    }

    @Sendable package static func on(_ request: WebRequest) throws -> HTTPResponse {
        answer(try setActive(true, request), to: request, status: 202)
    }

    @Sendable package static func off(_ request: WebRequest) throws -> HTTPResponse {
        answer(try setActive(false, request), to: request, status: 202)
    }

    /// Connects to a camera now, whatever the back-off; one that records goes on as it does.
    @Sendable package static func retry(_ request: WebRequest) throws -> HTTPResponse {
        // It changes nothing, so nothing can come between.
        _ = try expectedVersion(request)
        return answer(try CameraService(request.context).retry(request.cameraID), to: request, status: 202)
    }

    static func setActive(_ isActive: Bool, _ request: WebRequest) throws -> CameraListing {
        try CameraService(request.context).setActive(
            request.cameraID,
            isActive,
            expecting: try expectedVersion(request),
            by: try request.actor()
        )
    }

    /// A picture of the newest key frame; with `?t=` the address belongs to one stored picture, so clients can cache it.
    @Sendable package static func snapshot(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["t", "at"])
        if let moment = try QueryValue.time(fields, "at") {
            return try MomentSnapshot(request: request).answer(at: moment)
        }
        if fields["t"] == nil { try FreshSnapshot(request.context).make(of: request.cameraID) }
        let store = StatusStore(request.database)
        var response = HTTPResponse(contentType: "image/jpeg")
        response.set(.cacheControl, fields["t"] == nil ? "private, no-cache" : "private, max-age=600")
        if let takenAt = try store.snapshotTime(of: request.cameraID), request.http.isFresh(snapshotTag(takenAt)) {
            return response.tagged(snapshotTag(takenAt), for: request.http)
        }
        guard let snapshot = try store.snapshot(of: request.cameraID) else {
            // A camera that is not there has another answer than one without a picture.
            _ = try CameraService(request.context).get(request.cameraID)
            throw Problem(404, "There is no snapshot of this camera yet.")
        }
        response.body = snapshot.jpeg
        return response.tagged(snapshotTag(snapshot.takenAt), for: request.http)
    }

    /// The tag of a picture, known without reading it; weak, because two programs can make two files of one frame.
    private static func snapshotTag(_ takenAt: Timestamp) -> EntityTag {
        EntityTag(String(takenAt.microseconds), isWeak: true)
    }

    /// A camera as the answer to a change of it.
    static func answer(_ listing: CameraListing, to request: WebRequest, status: Int = 200) -> HTTPResponse {
        var (response, tag) = written(listing, for: request, status: status)
        response.set(.eTag, tag.description)
        // The body, and with it the tag, is what GET of that address gives (RFC 9110, section 6.4.2).
        response.set(.contentLocation, path + listing.camera.id.description)
        return response
    }

    private static func written(
        _ listing: CameraListing,
        for request: WebRequest,
        status: Int = 200
    ) -> (HTTPResponse, EntityTag) {
        var json = JSONWriter(capacity: 1024)
        CameraJSON.write(listing, seenBy: AddressView(request), to: &json)
        let response = HTTPResponse.json(json, status: status)
        return (response, BodyTag.tag(of: json.bytes, version: listing.camera.version))
    }

    /// The version that `If-Match` demands: the camera's own if the header names it.
    private static func expectedVersion(_ request: WebRequest) throws -> Int64? {
        guard request.http.header(.ifMatch) != nil else { return nil }
        let version = try CameraService(request.context).get(request.cameraID).camera.version
        try request.http.checkIfMatch { BodyTag.names(version, in: $0) }
        return version
    }
}

extension JSONValue {
    /// The value in the form that the rules for fields check.
    fileprivate var field: FieldValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let number): .integer(number)
        // 10.0 is a whole number to whoever writes JSON (JSON Schema, section 6.1.1 of the validation part).
        case .double(let number): Int64(exactly: number).map { .integer($0) } ?? .number(number)
        case .string(let text): .string(text)
        case .array(let elements): .list(elements.map(\.field))
        case .object: .object
        }
    }
}
