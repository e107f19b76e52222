package import Postgres

/// The hours of streams, and what their segments cover of them.
package struct HourStore {
    private let connection: PostgresConnection
    /// The hours of one statement.
    private static let batch: Int32 = 100
    /// The statements of one call; the rest is for the next one.
    private static let mostBatches = 100

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Unites what segments cover anew, where a segment went or a release before this one wrote.
    ///
    /// The timeline reads such hours from their segments until then. One that changes at the same time is left for the next
    /// call.
    ///
    /// - Parameter youngest: Hours that began less than so many seconds ago are left alone: they still change.
    /// - Returns: The number of hours.
    /// - Throws: The error that the database reports.
    @discardableResult
    package func mend(youngest: Int64 = 7200) throws(PostgresError) -> Int {
        var total = 0
        for _ in 0..<Self.mostBatches {
            let count = try connection.patiently { () throws(PostgresError) in
                try connection.execute(Self.statement(youngest: youngest), within: .seconds(60))
            }
            total += count
            guard count > 0 else { break }
        }
        return total
    }

    private static func statement(youngest: Int64) -> SQL {
        """
        update camera_hours h set covered = m.cover, counted_ms = m.covered_ms from (
            select camera_id, stream, hour, covered_ms, hour_cover(camera_id, stream, hour) as cover from camera_hours
            where counted_ms <> covered_ms and hour < now() - \(youngest) * interval '1 second'
            order by camera_id, stream, hour limit \(batch)
        ) m
        where h.camera_id = m.camera_id and h.stream = m.stream and h.hour = m.hour and h.covered_ms = m.covered_ms
            and h.counted_ms <> h.covered_ms
        """
    }
}
