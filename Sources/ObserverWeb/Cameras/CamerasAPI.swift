import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore
import Postgres

/// The API below `/cameras/`.
package enum CamerasAPI {
    static let path = "/api/v1/cameras/"

    /// The cameras of a page, written from the database's answer straight into the body.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["q", "tag", "state", "ids", "limit", "after"])
        let query = CameraQuery(
            text: try QueryValue.text(fields, "q"),
            tag: try QueryValue.text(fields, "tag"),
            state: try QueryValue.word(fields, "state"),
            ids: try QueryValue.identifiers(fields, "ids")?.map { CameraID(rawValue: $0) },
            limit: try QueryValue.integer(fields, "limit", in: 1...CameraQuery.longestPage) ?? CameraQuery.longestPage,
            after: try QueryValue.identifier(fields, "after").map { CameraID(rawValue: $0) }
        )
        let view = AddressView(request)
        var json = JSONWriter(capacity: 64 * 1024)
        var last: Int64 = 0
        var count = 0
        try json.array { json throws(PostgresError) in
            count = try CameraStore(request.database).forEachRow(query) { row throws(PostgresError) in
                last = try CameraJSON.write(row, seenBy: view, to: &json)
            }
        }
        var response = HTTPResponse.json(json)
        if count == query.limit { response.add(.link, QueryValue.next(path, fields, after: String(last))) }
        return response
    }

    @Sendable package static func create(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.http.jsonObject().mapValues { $0.field }
        let listing = try CameraService(request.context).create(fields, by: try request.actor())
        var response = answer(listing, to: request, status: 201)
        response.set(.location, path + listing.camera.id.description)
        return response
    }

    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        answer(try CameraService(request.context).get(request.cameraID), to: request)
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
        answer(try CameraService(request.context).retry(request.cameraID), to: request, status: 202)
    }

    static func setActive(_ isActive: Bool, _ request: WebRequest) throws -> CameraListing {
        try CameraService(request.context).setActive(request.cameraID, isActive, by: try request.actor())
    }

    /// A picture of the newest key frame; with `?t=` the address belongs to one stored picture, so clients can cache it.
    @Sendable package static func snapshot(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["t"])
        if fields["t"] == nil { try FreshSnapshot(request.context).make(of: request.cameraID) }
        guard let snapshot = try StatusStore(request.database).snapshot(of: request.cameraID) else {
            throw Problem(404, "There is no snapshot of this camera yet.")
        }
        let tag = EntityTag(String(snapshot.takenAt.microseconds))
        let isFresh = request.http.isFresh(tag)
        var response =
            isFresh ? HTTPResponse(status: 304) : HTTPResponse(contentType: "image/jpeg", body: snapshot.jpeg)
        response.set(.eTag, tag.description)
        response.set(.cacheControl, fields["t"] == nil ? "private, no-cache" : "private, max-age=600")
        return response
    }

    static func answer(_ listing: CameraListing, to request: WebRequest, status: Int = 200) -> HTTPResponse {
        var json = JSONWriter(capacity: 1024)
        CameraJSON.write(listing, seenBy: AddressView(request), to: &json)
        var response = HTTPResponse.json(json, status: status)
        response.set(.eTag, EntityTag(String(listing.camera.version)).description)
        return response
    }

    /// The version that `If-Match` demands: the camera's own if the header names it.
    private static func expectedVersion(_ request: WebRequest) throws -> Int64? {
        guard request.http.header(.ifMatch) != nil else { return nil }
        let version = try CameraService(request.context).get(request.cameraID).camera.version
        try request.http.checkIfMatch(EntityTag(String(version)))
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
        case .double(let number): .number(number)
        case .string(let text): .string(text)
        case .array(let elements): .list(elements.map(\.field))
        case .object: .object
        }
    }
}
