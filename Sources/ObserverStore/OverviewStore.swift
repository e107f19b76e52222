package import ObserverCore
package import Postgres

/// All cameras in a few numbers.
package struct CameraOverview: Hashable, Sendable {
    /// How many cameras are in each state.
    package var counts: [CameraState: Int]
    /// Every tag in use, in alphabetical order.
    package var tags: [String]

    package init(counts: [CameraState: Int] = [:], tags: [String] = []) {
        self.counts = counts
        self.tags = tags
    }

    /// How many cameras there are.
    package var total: Int { counts.values.reduce(0, +) }
}

/// The recordings of a stream in one hour.
package struct RecordedHour: Hashable, Sendable {
    /// The number of the hour in its day, from 0.
    package var hour: Int
    package var milliseconds: Int64
    package var bytes: Int64

    package init(hour: Int, milliseconds: Int64, bytes: Int64) {
        self.hour = hour
        self.milliseconds = milliseconds
        self.bytes = bytes
    }
}

/// Numbers over many rows, for pages.
package struct OverviewStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// How many cameras do what, and which tags there are.
    package func cameras() throws(PostgresError) -> CameraOverview {
        let counts = try connection.rows(Self.stateCounts, as: (CameraState, Int).self)
        return CameraOverview(counts: Dictionary(counts) { first, _ in first }, tags: try tags())
    }

    /// The tags in use, in alphabetical order.
    package func tags() throws(PostgresError) -> [String] {
        try connection.rows(
            "select distinct unnest(tags) as tag from cameras where deleted_at is null order by tag limit 200",
            as: (String).self
        )
    }

    /// Sums what can be played of a day by the hour; hours without are left out.
    ///
    /// - Parameters:
    ///   - camera: Which one.
    ///   - kind: Which of its streams.
    ///   - start: The beginning of the day, on a full hour.
    ///   - end: Its end; nil: 24 hours later.
    /// - Returns: The hours, from 0 to 23.
    /// - Throws: The error that the database reports.
    package func hours(
        of camera: CameraID,
        _ kind: StreamKind = .main,
        from start: Timestamp,
        to end: Timestamp? = nil
    ) throws(PostgresError) -> [RecordedHour] {
        let statement: SQL = """
            select (extract(epoch from hour - \(start)::timestamptz) / 3600)::bigint, covered_ms, bytes
            from camera_hours
            where camera_id = \(camera) and stream = \(kind) and hour >= \(start)
                and hour < \(end ?? start.advanced(bySeconds: 86_400)) and covered_ms > 0
            order by hour
            """
        return try connection.rows(statement, as: (Int64, Int64, Int64).self).map { hour, milliseconds, bytes in
            RecordedHour(hour: Int(hour), milliseconds: milliseconds, bytes: bytes)
        }
    }

    private static let stateCounts: SQL = """
        select x.state, count(*) from (
            \(unsafe: CameraSQL.select("d.state")) where c.deleted_at is null
        ) x group by x.state
        """
}
