import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore

/// The API of failed uploads: their list, and their replay.
///
/// A replay is a row that the uploader of the segment's spool takes away when it begins, and a message that it need not wait
/// for. The segment stays failed until the store has it.
package enum FailedUploadsAPI {
    static let path = "/api/v1/uploads/failed"

    /// The failed uploads, newest first.
    @Sendable package static func list(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["camera_id", "limit", "after"])
        let longest = SegmentStore.Query.longestPage
        let limit = try QueryValue.integer(fields, "limit", in: 1...longest) ?? longest
        let entries = try FailedUploadStore(request.database).list(
            camera: try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) },
            after: try cursor(fields, request),
            limit: limit
        )
        var json = JSONWriter(capacity: entries.count * 700 + 16)
        json.array { json in
            for entry in entries {
                SegmentsAPI.write(entry.record, to: &json) { $0.field("retry_asked_at", time: entry.retryAskedAt) }
            }
        }
        var response = HTTPResponse.json(json)
        if entries.count == limit, let last = entries.last {
            response.add(.link, QueryValue.next(path, fields, after: last.record.segment.id.description))
        }
        return response
    }

    /// The recording after which a page begins; it need not be failed any more.
    ///
    /// - Throws: ``Problem`` 422 for one that does not exist or is another camera's.
    static func cursor(_ fields: FormFields, _ request: WebRequest) throws -> SegmentID? {
        guard let after = try QueryValue.segment(fields, "after") else { return nil }
        let camera = try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) }
        guard try SegmentStore(request.database).has(after, of: camera) else {
            throw QueryValue.unknown("after", "must be the id of a segment in this list")
        }
        return after
    }

    /// Tries one anew.
    @Sendable package static func retry(_ request: WebRequest) throws -> HTTPResponse {
        let record = try askForRetry(request)
        var json = JSONWriter(capacity: 1024)
        SegmentsAPI.write(record, to: &json)
        return .json(json, status: 202)
    }

    /// Asks for the segment in the path to be tried anew.
    ///
    /// - Throws: `PostgresError`; `Problem` 404, and 409 for a segment that is not failed.
    static func askForRetry(_ request: WebRequest) throws -> SegmentRecord {
        let segments = SegmentStore(request.database)
        guard let id = SegmentID(request.parameters.text("id")), let record = try segments.get(id) else {
            throw Problem(404, "There is no such recording.")
        }
        guard let spool = try FailedUploadStore(request.database).retry(id, by: try request.actor()) else {
            throw Problem(409, "The recording is \(record.state.rawValue), not failed; there is nothing to try anew.")
        }
        request.context.askForRetry(spool)
        return record
    }

    /// Tries all of them anew, or those of a camera.
    @Sendable package static func retryAll(_ request: WebRequest) throws -> HTTPResponse {
        var reader = FieldReader(try request.http.jsonObject(), known: ["camera_id"])
        let camera = reader.integer("camera_id", in: SegmentLimits.cameraID)
        try reader.check()
        let count = try askForRetries(of: camera.map { CameraID(rawValue: $0) }, request)
        var json = JSONWriter(capacity: 64)
        json.object { $0.field("segments", count) }
        return .json(json, status: 202)
    }

    /// Asks for all failed uploads, or those of a camera, to be tried anew.
    ///
    /// - Returns: How many they are.
    static func askForRetries(of camera: CameraID?, _ request: WebRequest) throws -> Int64 {
        let asked = try FailedUploadStore(request.database).retryAll(of: camera, by: try request.actor())
        for spool in asked.keys { request.context.askForRetry(spool) }
        return asked.values.reduce(0, +)
    }
}
