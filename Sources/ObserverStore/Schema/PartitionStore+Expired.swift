import ObserverCore
package import Postgres

/// The end of rows whose objects are long gone, in partitions that live on because of others.
extension PartitionStore {
    /// The days for which the row of an expired segment is kept: so long, its address answers that it was deleted.
    package static let expiredDays: Int32 = 30
    /// The rows of one statement.
    package static let mostRemoved = 1000
    /// The statements of one call; the rest is for the next one.
    private static let mostBatches = 1000

    /// Removes rows of segments that expired more than thirty days ago.
    ///
    /// The timeline does not need them: it tells from the deletions that the time is over.
    ///
    /// - Returns: The number of rows that went.
    /// - Throws: The error that the database reports.
    package func removeExpired() throws(PostgresError) -> Int {
        var removed = 0
        for _ in 0..<Self.mostBatches {
            let count = try removeBatch()
            removed += count
            guard count > 0 else { break }
        }
        return removed
    }

    private func removeBatch() throws(PostgresError) -> Int {
        try connection.patiently { () throws(PostgresError) in
            // Rows that expired before it was written down count from now on.
            try connection.execute(
                """
                update segments set expired_at = now() where id in (
                    select id from segments where state = 'expired' and expired_at is null limit \(Self.mostRemoved))
                """,
                within: .seconds(60)
            )
            let statement: SQL = """
                select id from segments
                where state = 'expired' and expired_at < now() - \(Self.expiredDays) * interval '1 day'
                order by expired_at limit \(Self.mostRemoved)
                """
            let ids = try connection.rows(statement, as: (SegmentID).self, within: .seconds(60))
            guard let least = ids.min(), let greatest = ids.max() else { return 0 }
            return try connection.execute(
                """
                delete from segments
                where id = any(\(ids)) and id between \(least) and \(greatest) and state = 'expired'
                """,
                within: .seconds(60)
            )
        }
    }
}
