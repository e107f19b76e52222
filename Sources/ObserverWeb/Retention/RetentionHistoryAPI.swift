import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The API of `/retention/history`: the changes of rules and holds.
package enum RetentionHistoryAPI {
    private static let path = "/api/v1/retention/history"

    /// The changes, newest first.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["camera_id", "limit", "after"])
        let longest = CameraQuery.longestPage
        let limit = try QueryValue.integer(fields, "limit", in: 1...longest) ?? longest
        let camera = try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) }
        let after = try QueryValue.cursor(fields, "after")
        let store = RetentionHistoryStore(request.database)
        if let after, try !store.has(after, of: camera) {
            throw QueryValue.unknown("after", "must be the number of a change in this list")
        }
        let changes = try store.list(camera: camera, after: after, limit: limit)
        var json = JSONWriter(capacity: changes.count * 300 + 16)
        json.array { json in
            for change in changes { RetentionJSON.write(change, to: &json) }
        }
        var response = HTTPResponse.json(json)
        if changes.count == limit, let last = changes.last {
            response.add(.link, QueryValue.next(path, fields, after: String(last.id)))
        }
        return response
    }
}
