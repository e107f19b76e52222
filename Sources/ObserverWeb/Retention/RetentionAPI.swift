import Encodings
package import HTTPTypes
import HTTPRouting
import ObserverCore
import ObserverStore
import Postgres

/// The API below `/retention/`: rules, what they would delete, and the deletions.
package enum RetentionAPI {
    private static let path = "/api/v1/retention/policies"
    /// The rules or cameras that one preview may try.
    private static let mostTried = 1000

    // MARK: Rules

    @Sendable package static func policies(_ request: WebRequest) throws -> HTTPResponse {
        _ = try request.query([])
        let records = try RetentionPolicyStore(request.database).list()
        var json = JSONWriter(capacity: 4096)
        json.array { json in
            for record in records { RetentionJSON.write(record, to: &json) }
        }
        return .json(json)
    }

    /// Writes the rule of a scope, in the place of the one that it had.
    @Sendable package static func setPolicy(_ request: WebRequest) throws -> HTTPResponse {
        var reader = FieldReader(try request.http.jsonObject(), known: RetentionPolicy.fieldNames)
        let policy = RetentionPolicy(&reader)
        try reader.check()
        guard let policy else { throw FieldErrors([:]) }
        if case .camera(let camera) = policy.scope { try require(camera, request) }
        let record = try RetentionPolicyStore(request.database).set(policy, by: try request.actor())
        var json = JSONWriter(capacity: 512)
        RetentionJSON.write(record, to: &json)
        var response = HTTPResponse.json(json, status: 201)
        response.set(.location, "\(path)/\(record.id)")
        return response
    }

    private static func require(_ camera: CameraID, _ request: WebRequest) throws {
        guard try CameraStore(request.database).get(camera) != nil else {
            throw FieldErrors(["camera_id": "must be the number of a camera"])
        }
    }

    @Sendable package static func deletePolicy(_ request: WebRequest) throws -> HTTPResponse {
        guard try RetentionPolicyStore(request.database).delete(request.parameters.int("id"), by: try request.actor())
        else {
            throw Problem(404, "There is no such rule.")
        }
        return HTTPResponse(status: 204)
    }

    // MARK: Preview

    /// Shows the deletions that would follow now, from the rules as they are or from others in their place; changes nothing.
    @Sendable package static func preview(_ request: WebRequest) throws -> HTTPResponse {
        var reader = FieldReader(try request.http.jsonObject(), known: ["policies", "cameras"])
        let policies = reader.objects("policies", most: mostTried)?.compactMap { fields -> RetentionPolicy? in
            var inner = FieldReader(fields, known: RetentionPolicy.fieldNames)
            defer { reader.take(inner, in: "policies") }
            return RetentionPolicy(&inner)
        }
        let range = Int64(RetentionPolicy.Limits.days.lowerBound)...Int64(RetentionPolicy.Limits.days.upperBound)
        let days = reader.objects("cameras", most: mostTried)?.compactMap { fields -> (CameraID, Int)? in
            var inner = FieldReader(fields, known: ["id", "retention_days"])
            let id = inner.require("id", inner.integer("id", in: SegmentLimits.cameraID))
            let days = inner.require("retention_days", inner.integer("retention_days", in: range))
            reader.take(inner, in: "cameras")
            return id.flatMap { id in days.map { (CameraID(rawValue: id), Int($0)) } }
        }
        try reader.check()
        let preview = try RetentionPreview(
            policies: policies,
            days: Dictionary(days ?? []) { $1 },
            at: request.now,
            from: request.database
        )
        var json = JSONWriter(capacity: 4096)
        preview.write(to: &json)
        return .json(json)
    }

    // MARK: Deletions

    @Sendable package static func jobs(_ request: WebRequest) throws -> HTTPResponse {
        let fields = try request.query(["camera_id", "limit"])
        let records = try DeletionStore(request.database).list(
            camera: try QueryValue.identifier(fields, "camera_id").map { CameraID(rawValue: $0) },
            limit: try QueryValue.integer(fields, "limit", in: 1...CameraQuery.longestPage) ?? CameraQuery.longestPage
        )
        var json = JSONWriter(capacity: records.count * 300 + 16)
        json.array { json in
            for record in records { RetentionJSON.write(record, to: &json) }
        }
        return .json(json)
    }

    /// Approves all deletions that wait.
    @Sendable package static func approveAll(_ request: WebRequest) throws -> HTTPResponse {
        let count = try DeletionStore(request.database).approve(nil, by: try request.actor())
        var json = JSONWriter(capacity: 32)
        json.object { $0.field("approved", count) }
        return .json(json, status: 202)
    }

    /// Approves a deletion that waits, or resumes one that is paused.
    @Sendable package static func approve(_ request: WebRequest) throws -> HTTPResponse {
        let store = DeletionStore(request.database)
        try store.approve([request.parameters.int("id")], by: try request.actor())
        return try answer(store, request)
    }

    @Sendable package static func pause(_ request: WebRequest) throws -> HTTPResponse {
        let store = DeletionStore(request.database)
        _ = try store.pause(request.parameters.int("id"), by: try request.actor())
        return try answer(store, request)
    }

    private static func answer(_ store: DeletionStore, _ request: WebRequest) throws -> HTTPResponse {
        guard let record = try store.get(request.parameters.int("id")) else {
            throw Problem(404, "There is no such deletion.")
        }
        var json = JSONWriter(capacity: 512)
        RetentionJSON.write(record, to: &json)
        return .json(json, status: 202)
    }
}
