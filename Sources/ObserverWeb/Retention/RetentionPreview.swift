import Encodings
package import ObserverCore
import ObserverStore
package import Postgres

/// The deletions that would follow from rules at a moment.
package struct RetentionPreview: Sendable {
    package let decisions: [RetentionDecision]
    package let excesses: [RetentionPlan.Excess]

    /// Plans and changes nothing.
    ///
    /// - Parameters:
    ///   - policies: The rules; nil: those that are stored.
    ///   - days: Other days for cameras.
    ///   - now: The moment.
    ///   - connection: The database.
    /// - Throws: `PostgresError`; `FieldErrors` for a camera that does not exist.
    package init(
        policies: [RetentionPolicy]? = nil,
        days: [CameraID: Int] = [:],
        at now: Timestamp,
        from connection: PostgresConnection
    ) throws {
        let policies = try policies ?? RetentionPolicyStore(connection).list().map(\.policy)
        let facts = try RetentionFactStore(connection).facts(policies, days: days, at: now)
        guard days.keys.allSatisfy({ id in facts.cameras.contains { $0.id == id } }) else {
            throw FieldErrors(["cameras.id": "must be the number of a camera"])
        }
        let plan = RetentionPlan(facts, at: now)
        decisions = plan.decisions(totals: facts.totals, usual: try DeletionStore(connection).usual())
        excesses = plan.excesses
    }

    package var due: RetentionSum { decisions.map(\.deletion.due).reduce(.zero, +) }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("segments", due.segments)
            json.field("bytes", due.bytes)
            json.array("deletions") { json in
                for decision in decisions { RetentionJSON.write(decision, to: &json) }
            }
            json.array("exceeded") { json in
                for excess in excesses {
                    json.object { json in
                        RetentionJSON.write(excess.scope, to: &json)
                        json.field("bytes", excess.bytes)
                    }
                }
            }
        }
    }
}
