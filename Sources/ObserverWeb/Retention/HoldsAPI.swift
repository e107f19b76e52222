import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The API below `/holds`: times of cameras that are protected from deletion.
package enum HoldsAPI {
    private static let path = "/api/v1/holds"
    private static let longestReason = 500

    /// The holds, newest first; those that were released only where they are asked for.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["camera_id", "released", "limit", "after"])
        let longest = CameraQuery.longestPage
        let limit = try QueryValue.integer(fields, "limit", in: 1...longest) ?? longest
        let camera = try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) }
        let after = try QueryValue.cursor(fields, "after")
        let includesReleased = try QueryValue.integer(fields, "released", in: 0...1) == 1
        let store = HoldStore(request.database)
        if let after, try !store.has(after, of: camera) {
            throw QueryValue.unknown("after", "must be the number of a hold in this list")
        }
        let holds = try store.list(camera: camera, includesReleased: includesReleased, after: after, limit: limit)
        var json = JSONWriter(capacity: holds.count * 300 + 16)
        json.array { json in
            for hold in holds { RetentionJSON.write(hold, to: &json) }
        }
        var response = HTTPResponse.json(json)
        if holds.count == limit, let last = holds.last {
            response.add(.link, QueryValue.next(path, fields, after: String(last.id)))
        }
        return response
    }

    @Sendable package static func create(_ request: WebRequest) throws -> HTTPResponse {
        let (hold, store) = try create(try request.http.jsonObject(), request)
        var response = try answer(hold, store, status: 201)
        response.set(.location, "\(path)/\(hold.id)")
        return response
    }

    /// Creates a hold from the fields of the API or of a form.
    static func create(_ fields: [String: JSONValue], _ request: WebRequest) throws -> (Hold, HoldStore) {
        var reader = FieldReader(fields, known: ["camera_id", "from", "to", "reason"])
        let camera = reader.require("camera_id", reader.integer("camera_id", in: SegmentLimits.cameraID))
        let from = reader.require("from", reader.time("from"))
        let to = reader.require("to", reader.time("to"))
        let reason = reader.require("reason", reader.text("reason", longest: longestReason))
        if let from, let to, from >= to { reader.reject("to", "must be after from") }
        let cameras = try RetentionFactStore(request.database).cameras().map(\.id.rawValue)
        if let camera, !cameras.contains(camera) {
            reader.reject("camera_id", "must be the number of a camera")
        }
        try reader.check()
        guard let camera, let from, let to, let reason else { throw FieldErrors([:]) }
        let store = HoldStore(request.database)
        let hold = try store.create(
            camera: CameraID(rawValue: camera),
            from: from,
            to: to,
            reason: reason,
            by: try request.actor()
        )
        return (hold, store)
    }

    @Sendable package static func show(_ request: WebRequest) throws -> HTTPResponse {
        let store = HoldStore(request.database)
        guard let hold = try store.get(request.parameters.int("id")) else { throw notFound }
        return try answer(hold, store)
    }

    /// Ends the protection, with a reason.
    @Sendable package static func release(_ request: WebRequest) throws -> HTTPResponse {
        let (hold, store) = try release(try request.http.jsonObject(), request)
        return try answer(hold, store)
    }

    /// Releases a hold with the reason of the API or of a form.
    static func release(_ fields: [String: JSONValue], _ request: WebRequest) throws -> (Hold, HoldStore) {
        var reader = FieldReader(fields, known: ["reason"])
        let reason = reader.require("reason", reader.text("reason", longest: longestReason))
        try reader.check()
        let store = HoldStore(request.database)
        let id = request.parameters.int("id")
        let released = try store.release(id, reason: reason ?? "", by: try request.actor())
        guard let hold = released else { throw notFound }
        return (hold, store)
    }

    private static var notFound: Problem { Problem(404, "There is no such hold.") }

    private static func answer(_ hold: Hold, _ store: HoldStore, status: Int = 200) throws -> HTTPResponse {
        var json = JSONWriter(capacity: 512)
        RetentionJSON.write(hold, with: try store.facts(of: hold), to: &json)
        return .json(json, status: status)
    }
}
