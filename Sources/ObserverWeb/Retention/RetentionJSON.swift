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

    static func write(_ hold: Hold, with facts: HoldStore.Facts? = nil, to json: inout JSONWriter) {
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
            if let protection = hold.protection {
                json.object("store") { json in
                    json.field("objects", protection.objects)
                    json.field("refused", protection.refused)
                    json.field("error", protection.error)
                    json.field("is_complete", protection.isComplete)
                }
            } else {
                json.field("store", nil as String?)
            }
            if let facts {
                json.field("segments", facts.sum.segments)
                json.field("bytes", facts.sum.bytes)
                json.field("decided_segments", facts.decided)
                json.field("deleted_before", time: facts.deletedBefore)
            }
        }
    }

    static func write(_ change: RetentionChange, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", change.id)
            json.field("at", time: change.at)
            json.field("actor", change.actor)
            json.field("event", change.event.rawValue)
            write(change.scope, to: &json)
            write(change.old, as: "old", to: &json)
            write(change.new, as: "new", to: &json)
            json.field("hold_id", change.hold)
            json.field("reason", change.reason)
        }
    }

    private static func write(_ limits: RetentionPolicy.Limits?, as name: StaticString, to json: inout JSONWriter) {
        guard let limits else { return json.field(name, nil as String?) }
        json.object(name) { json in
            json.field("longest_days", limits.longestDays.map { Int64($0) })
            json.field("shortest_days", limits.shortestDays.map { Int64($0) })
            json.field("most_bytes", limits.mostBytes)
        }
    }
}
