package import ObserverCore
package import Postgres

/// The last steps of segments: stored, expiring, expired.
///
/// That a segment is `expiring` is the decision: from then on it is gone for everybody who asks, and its object may be deleted,
/// however often. Only when the store has none any more it is `expired`. A hold that is written in between saves what is still there.
package struct ExpiryStore {
    let connection: PostgresConnection

    /// The segments that one statement decides about.
    package static let mostInBatch = 1000

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Deciding

    /// A step of a deletion.
    package struct Step: Hashable, Sendable {
        package var deletion: Int64
        /// The segments that were decided about, at most ``ExpiryStore/mostInBatch``; empty when the deletion is done.
        package var segments: [ExpiringSegment]
    }

    /// Decides about the next segments of a deletion that runs.
    ///
    /// Decision, sums and the place where the deletion stands are one transaction. Several processes may call this; each works
    /// on another deletion.
    ///
    /// - Parameter limit: The most segments.
    /// - Returns: The step; nil when no deletion runs that nobody else works on.
    /// - Throws: The error that the database reports.
    package func decide(limit: Int = mostInBatch) throws(PostgresError) -> Step? {
        try connection.patiently { () throws(PostgresError) in
            let deletion: SQL = """
                select id, camera_id, stream, before, cursor_id from deletions
                where state = 'running' order by id limit 1 for update skip locked
                """
            let next = try connection.first(deletion) { row throws(PostgresError) in
                (
                    id: try row.next(Int64.self), stream: StreamID(try row.next(), try row.next()),
                    before: try row.next(Timestamp.self), cursor: try row.next(SegmentID?.self)
                )
            }
            guard let next else { return nil }
            // Until the end of this transaction, no hold is written that it does not see.
            try connection.execute("select pg_advisory_xact_lock(\(HoldStore.lock))")
            let ids = try connection.rows(
                Self.candidates(of: next.stream, before: next.before, after: next.cursor, limit: limit),
                as: (SegmentID).self,
                within: .seconds(60)
            )
            let decided = try expire(ids)
            let sum = decided.reduce(RetentionSum.zero) { $0 + RetentionSum(segments: 1, bytes: $1.bytes) }
            let isDone = ids.count < limit
            try connection.execute(
                """
                update deletions set cursor_id = coalesce(\(ids.last), cursor_id), segments = segments + \(sum.segments),
                    bytes = bytes + \(sum.bytes), due_segments = greatest(0, due_segments - \(sum.segments)),
                    due_bytes = greatest(0, due_bytes - \(sum.bytes)),
                    state = case when \(isDone) then 'done' else state end, updated_at = now()
                where id = \(next.id)
                """
            )
            return Step(deletion: next.id, segments: decided.map(\.segment))
        }
    }

    /// The segments that a deletion takes; ``RetentionDeletion/takes(_:holds:)`` says the same.
    ///
    /// The index of the stream has those alone that are not expired.
    static func candidates(of stream: StreamID, before: Timestamp, after cursor: SegmentID?, limit: Int) -> SQL {
        let grace = before.advanced(bySeconds: RetentionDeletion.graceSeconds)
        return """
            select s.id from segments s
            where s.camera_id = \(stream.camera) and s.stream = \(stream.kind) and \(unsafe: SegmentStore.alive)
                and s.id > coalesce(\(cursor), '00000000-0000-0000-0000-000000000000')
                and s.id < segment_id_at(\(before)::timestamptz + \(unsafe: SegmentStore.after))
                and s.state in ('stored', 'lost') and s.started_at < \(before) and s.created_at < \(grace)
                and not exists (
                    select from holds h
                    where h.camera_id = s.camera_id and h.released_at is null and \(unsafe: RetentionFactStore.isHeld))
            order by s.id limit \(limit) for update of s
            """
    }

    private func expire(
        _ ids: [SegmentID]
    ) throws(PostgresError) -> [(segment: ExpiringSegment, bytes: Int64)] {
        guard let first = ids.first, let last = ids.last else { return [] }
        let statement: SQL = """
            with written as (
                update segments s set state = 'expiring', previous_state = s.state, error = null
                where s.id = any(\(ids)) and s.id between \(first) and \(last) and s.state in ('stored', 'lost')
                returning s.id, s.camera_id, s.stream, s.started_at, s.duration_ms, s.bytes, s.state, s.previous_state,
                    s.created_at, s.object_key, s.destinations
            ), \(unsafe: SegmentStore.sums)
            select w.id, w.object_key, w.destinations, w.bytes from written w, (select count(*) from waiting) done order by w.id
            """
        return try connection.query(statement, within: .seconds(60)) { row throws(PostgresError) in
            (try ExpiringSegment(reading: &row), bytes: try row.next(Int64.self))
        }
    }

    // MARK: Deleting

    /// The segments that are decided and not yet deleted, in order, without those that a hold covers by now or that the store
    /// protects.
    package func expiring(
        after cursor: SegmentID?,
        limit: Int = mostInBatch
    ) throws(PostgresError) -> [ExpiringSegment] {
        let statement: SQL = """
            select \(unsafe: ExpiringSegment.columns) from segments s
            where s.state = 'expiring' and s.id > coalesce(\(cursor), '00000000-0000-0000-0000-000000000000')
                and \(unsafe: Self.mayBeDeleted)
            order by s.id limit \(limit)
            """
        return try connection.query(statement, within: .seconds(20)) { row throws(PostgresError) in
            try ExpiringSegment(reading: &row)
        }
    }

    /// Takes note that the store has no object of these segments any more.
    package func markExpired(_ ids: [SegmentID]) throws(PostgresError) {
        guard let least = ids.min(), let greatest = ids.max() else { return }
        let statement: SQL = """
            with written as (
                update segments set state = 'expired', previous_state = 'expiring', error = null,
                    expired_at = now()
                where id = any(\(ids)) and id between \(least) and \(greatest) and state = 'expiring'
                returning id, camera_id, stream
            ), \(unsafe: CatalogueMarks.segments(of: "written"))
            select count(*) from written
            """
        _ = try connection.patiently { () throws(PostgresError) in
            try connection.execute("delete from locked_segments where id = any(\(ids))")
            return try connection.execute(statement, within: .seconds(60))
        }
    }

    /// Takes note of the store's words about objects that it did not delete.
    package func markRefused(_ reasons: [SegmentID: String]) throws(PostgresError) {
        let ids = reasons.keys.sorted()
        guard let least = ids.first, let greatest = ids.last else { return }
        let words = ids.map { reasons[$0]?.limited(to: 1000) }
        try connection.execute(
            """
            update segments s set error = r.reason from unnest(\(ids), \(words)) as r (id, reason)
            where s.id = r.id and s.id between \(least) and \(greatest) and s.state = 'expiring'
                and s.error is distinct from r.reason
            """
        )
    }
}
