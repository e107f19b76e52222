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
}
