package import ObserverCore
package import Postgres

/// Segments that were decided before a hold was written over them.
extension ExpiryStore {
    /// The segments that are decided and not yet deleted, and that a hold covers now.
    package func heldWhileExpiring(limit: Int = mostInBatch) throws(PostgresError) -> [ExpiringSegment] {
        let statement: SQL = """
            select \(unsafe: ExpiringSegment.columns) from segments s
            where s.state = 'expiring' and \(unsafe: Self.isHeld) order by s.id limit \(limit)
            """
        return try connection.query(statement, within: .seconds(20)) { row throws(PostgresError) in
            try ExpiringSegment(reading: &row)
        }
    }

    /// Those of these segments that a hold covers now: their objects must not be deleted any more.
    package func held(_ ids: [SegmentID]) throws(PostgresError) -> Set<SegmentID> {
        guard let least = ids.min(), let greatest = ids.max() else { return [] }
        let statement: SQL = """
            select s.id from segments s
            where s.id = any(\(ids)) and s.id between \(least) and \(greatest) and \(unsafe: Self.isHeld)
            """
        return Set(try connection.rows(statement, as: (SegmentID).self, within: .seconds(20)))
    }

    /// Takes the decision about segments back whose objects are still there; the sums of the hours follow.
    ///
    /// Only the process that deletes may call this: nobody else knows that no deletion is under way.
    ///
    /// - Parameter places: The stores that still have the object of each.
    /// - Throws: The error that the database reports.
    package func takeBack(_ places: [SegmentID: DestinationSet]) throws(PostgresError) {
        let ids = places.keys.sorted()
        let sets = ids.map { places[$0] ?? .home }
        guard let least = ids.min(), let greatest = ids.max() else { return }
        let statement: SQL = """
            with written as (
                update segments s set state = 'stored', previous_state = s.state, error = null,
                    stored_at = coalesce(s.stored_at, now()), destinations = n.destinations
                from unnest(\(ids), \(sets)) as n (id, destinations)
                where s.id = n.id and s.id between \(least) and \(greatest) and s.state = 'expiring'
                returning s.id, s.camera_id, s.stream, s.started_at, s.duration_ms, s.bytes, s.state, s.previous_state,
                    s.created_at
            ), unlocked as (
                delete from locked_segments l using written w where l.id = w.id
            ), \(unsafe: SegmentStore.sums)
            select count(*) from written w, (select count(*) from waiting) done
            """
        _ = try connection.patiently { () throws(PostgresError) in
            try connection.rows(statement, as: (Int64).self, within: .seconds(60))
        }
    }

    private static let isHeld = """
        exists (select from holds h
            where h.camera_id = s.camera_id and h.released_at is null and \(RetentionFactStore.isHeld))
        """
    /// The condition for a segment `s` whose object may be deleted now.
    static let mayBeDeleted = "not \(isHeld) and not \(LockedSegmentStore.isProtected)"
}
