import ObserverCore
package import Postgres

/// The end of rows whose objects are long gone, in partitions that live on because of others.
extension PartitionStore {
    /// The rows of one statement.
    package static let mostRemoved = 1000
    /// The statements of one call; the rest is for the next one.
    private static let mostBatches = 1000

    /// Removes rows of segments that expired more than thirty days ago.
    ///
    /// So long, their addresses answer that they were deleted. The timeline does not need them: it tells from the deletions
    /// that the time is over.
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
            let statement: SQL = "select remove_expired_segments(\(Int32(Self.mostRemoved)))"
            return try connection.rows(statement, as: (Int).self, within: .seconds(65)).first ?? 0
        }
    }
}
