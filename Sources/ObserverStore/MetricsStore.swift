package import ObserverCore
package import Postgres

/// Counts for monitoring.
package struct MetricsStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The cameras of a recorder that are in one state.
    package struct CameraCount: Hashable, Sendable {
        /// Empty for cameras that no recorder has.
        package var recorder: String
        package var state: CameraState
        package var count: Int64
    }

    /// Counts the cameras of each recorder by what they are doing.
    package func cameras() throws(PostgresError) -> [CameraCount] {
        let statement: SQL = """
            select x.recorder, x.state, count(*) from (
                \(unsafe: CameraSQL.select("coalesce(a.recorder_id, '') as recorder, d.state"))
                where c.deleted_at is null
            ) x group by x.recorder, x.state order by x.recorder, x.state
            """
        return try connection.query(statement) { row throws(PostgresError) in
            CameraCount(recorder: try row.next(), state: try row.next(), count: try row.next())
        }
    }

    /// Counts the deletions that are not done.
    package func deletions() throws(PostgresError) -> [DeletionRecord.State: Int64] {
        let rows = try connection.rows(
            "select state, count(*) from deletions where state <> 'done' group by state",
            as: (DeletionRecord.State, Int64).self
        )
        return Dictionary(rows) { first, _ in first }
    }

    /// How far the catalogue in the bucket is.
    package struct Catalogue: Hashable, Sendable {
        /// True while a process has the right to write it, and no trouble.
        package var isKept: Bool
        package var numberedAt: Timestamp
        package var failedSince: Timestamp?
        /// Hours that have changed since their manifest was written.
        package var changedHours: Int64
        package var oldestChange: Timestamp?
    }

    /// Reads how far the catalogue is.
    package func catalogue() throws(PostgresError) -> Catalogue {
        let statement: SQL = """
            select coalesce(s.lease_until > now(), false) and s.error is null, s.numbered_at, s.failed_since,
                (select count(*) from catalogue_hours), (select min(changed_at) from catalogue_hours)
            from catalogue_status s
            """
        let found = try connection.first(statement) { row throws(PostgresError) in
            Catalogue(
                isKept: try row.next(),
                numberedAt: try row.next(),
                failedSince: try row.next(),
                changedHours: try row.next(),
                oldestChange: try row.next()
            )
        }
        guard let found else { throw PostgresError(.decoding) }
        return found
    }
}
