package import ObserverCore
import Postgres

/// A retention rule as it is stored.
package struct RetentionPolicyRecord: Hashable, Sendable {
    package var id: Int64
    package var policy: RetentionPolicy
    /// The originator of its last change.
    package var actor: String
    package var updatedAt: Timestamp

    static let selection = """
        select id, scope, tag, camera_id, longest_days, shortest_days, most_bytes, actor, updated_at from retention_policies
        """

    init(reading row: inout PostgresRow) throws(PostgresError) {
        id = try row.next()
        let scope = try row.next(String.self)
        let tag = try row.next(String?.self)
        let camera = try row.next(CameraID?.self)
        switch (scope, tag, camera) {
        case ("tag", let tag?, _): policy = RetentionPolicy(.tag(tag), .init())
        case ("camera", _, let camera?): policy = RetentionPolicy(.camera(camera), .init())
        default: policy = RetentionPolicy(.all, .init())
        }
        policy.limits.longestDays = try row.next(Int?.self)
        policy.limits.shortestDays = try row.next(Int?.self)
        policy.limits.mostBytes = try row.next()
        actor = try row.next()
        updatedAt = try row.next()
    }
}

extension RetentionScope {
    /// The word in its column.
    var word: String {
        switch self {
        case .all: "all"
        case .tag: "tag"
        case .camera: "camera"
        }
    }

    var tag: String? { if case .tag(let tag) = self { tag } else { nil } }

    var camera: CameraID? { if case .camera(let camera) = self { camera } else { nil } }
}
