import Encodings
import ObserverCore
import ObserverStore

/// The JSON of rules, deletions and holds.
enum RetentionJSON {
    static func write(_ record: RetentionPolicyRecord, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", record.id)
            write(record.policy.scope, to: &json)
            json.field("longest_days", record.policy.limits.longestDays.map { Int64($0) })
            json.field("shortest_days", record.policy.limits.shortestDays.map { Int64($0) })
            json.field("most_bytes", record.policy.limits.mostBytes)
            json.field("actor", record.actor)
            json.field("updated_at", time: record.updatedAt)
        }
    }

    static func write(_ scope: RetentionScope, to json: inout JSONWriter) {
        switch scope {
        case .all:
            json.field("tag", nil as String?)
            json.field("camera_id", nil as Int64?)
        case .tag(let tag):
            json.field("tag", tag)
            json.field("camera_id", nil as Int64?)
        case .camera(let camera):
            json.field("tag", nil as String?)
            json.field("camera_id", camera.rawValue)
        }
    }

    static func write(_ record: DeletionRecord, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", record.id)
            fields(of: record.deletion, to: &json)
            json.field("state", record.state.rawValue)
            json.field("objection", record.objection)
            json.field("deleted_segments", record.decided.segments)
            json.field("deleted_bytes", record.decided.bytes)
            json.field("actor", record.actor)
            json.field("created_at", time: record.createdAt)
            json.field("updated_at", time: record.updatedAt)
        }
    }

    static func write(_ decision: RetentionDecision, to json: inout JSONWriter) {
        json.object { json in
            fields(of: decision.deletion, to: &json)
            json.field("objection", decision.objection)
        }
    }

    private static func fields(of deletion: RetentionDeletion, to json: inout JSONWriter) {
        json.field("camera_id", deletion.stream.camera.rawValue)
        json.field("stream", deletion.stream.kind.rawValue)
        json.field("reason", deletion.reason.rawValue)
        json.field("before", time: deletion.before)
        json.field("segments", deletion.due.segments)
        json.field("bytes", deletion.due.bytes)
    }

    static func write(_ hold: Hold, protecting sum: RetentionSum? = nil, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", hold.id)
            json.field("camera_id", hold.camera.rawValue)
            json.field("from", time: hold.from)
            json.field("to", time: hold.to)
            json.field("reason", hold.reason)
            json.field("actor", hold.actor)
            json.field("created_at", time: hold.createdAt)
            json.field("released_at", time: hold.release?.at)
            json.field("released_by", hold.release?.actor)
            json.field("release_reason", hold.release?.reason)
            if let sum {
                json.field("segments", sum.segments)
                json.field("bytes", sum.bytes)
            }
        }
    }
}
