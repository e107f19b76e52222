package import ObserverCore
package import Postgres

extension SegmentStore {
    /// The stored segments that lie elsewhere than in the first destinations and that one of the wanted ones lacks, oldest first.
    ///
    /// Those of a spool whose uploader is at work are left to it; the others are anybody's.
    ///
    /// - Parameters:
    ///   - wanted: The destinations that segments belong in.
    ///   - spool: The spool of the caller.
    ///   - after: The last one of the page before.
    ///   - limit: The size of a page.
    /// - Returns: The segments with what became of them.
    /// - Throws: The error that the database reports.
    package func elsewhere(
        lacking wanted: DestinationSet,
        spool: SpoolID,
        after: SegmentID? = nil,
        limit: Int = 100
    ) throws(PostgresError) -> [SegmentRecord] {
        // The first two conditions are those of the index.
        let statement: SQL = """
            \(unsafe: Self.selection)
            where state = 'stored' and destinations in (2, 4, 5, 6) and destinations & \(wanted) <> \(wanted)
                and (\(after)::uuid is null or id > \(after))
                and (spool_id = \(spool) or not exists (
                    select from uploaders u where u.spool_id = segments.spool_id and not u.ended
                        and u.reported_at > now() - interval '30 seconds'))
            order by id limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try SegmentRecord(reading: &row) }
    }
}
