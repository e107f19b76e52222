package import ObserverCore
import Postgres

/// A deletion of a stream as it is stored: at most one a day.
package struct DeletionRecord: Hashable, Sendable {
    /// The stages of a deletion.
    package enum State: String, CaseIterable, Sendable {
        /// It is unusual, and wants an approval.
        case waiting
        /// Somebody has paused it.
        case paused
        case running
        case done
    }

    package var id: Int64
    package var deletion: RetentionDeletion
    package var state: State
    /// The reason for which it has to be approved.
    package var objection: String?
    /// The segments that are decided about: gone, or about to be.
    package var decided: RetentionSum
    /// The originator of its last approval, pause or resumption.
    package var actor: String?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    static let selection = """
        select id, camera_id, stream, reason, before, due_segments, due_bytes, state, objection, segments, bytes, actor, \
        created_at, updated_at from deletions
        """

    init(reading row: inout PostgresRow) throws(PostgresError) {
        id = try row.next()
        deletion = RetentionDeletion(
            of: StreamID(try row.next(), try row.next()),
            try row.next(),
            before: try row.next(),
            due: RetentionSum(segments: try row.next(), bytes: try row.next())
        )
        state = try row.next()
        objection = try row.next()
        decided = RetentionSum(segments: try row.next(), bytes: try row.next())
        actor = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension RetentionDeletion.Reason: SQLValue {}
extension DeletionRecord.State: SQLValue {}
