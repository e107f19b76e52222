package import ObserverCore
package import Postgres

/// The place of the catalogue in its history, and the process that writes it to the bucket.
package struct CatalogueStatusStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The state of the catalogue.
    package struct Status: Hashable, Sendable {
        package var head: CatalogueHead
        /// When the number was raised last, by the database's clock.
        package var numberedAt: Timestamp
        /// The trouble that keeps it from being written, as a sentence.
        package var error: String?
        /// When the trouble began.
        package var failedSince: Timestamp?
        /// The present by the database's clock.
        package var now: Timestamp
    }

    /// Reads the state.
    package func read() throws(PostgresError) -> Status {
        let statement: SQL = """
            select catalogue, number, numbered_at, error, failed_since, now() from catalogue_status
            """
        let status = try connection.first(statement) { row throws(PostgresError) in
            Status(
                head: CatalogueHead(catalogue: try row.next(), number: try row.next()),
                numberedAt: try row.next(),
                error: try row.next(),
                failedSince: try row.next(),
                now: try row.next()
            )
        }
        guard let status else { throw PostgresError(.decoding) }
        return status
    }

    /// The number alone, as often as something is decided by it.
    package func number() throws(PostgresError) -> Int64 {
        try connection.rows("select number from catalogue_status", as: (Int64).self).first ?? 0
    }

    /// Raises the number by one.
    package func advance() throws(PostgresError) -> CatalogueHead {
        let statement: SQL = """
            update catalogue_status set number = number + 1, numbered_at = now() returning catalogue, number
            """
        guard let row = try connection.rows(statement, as: (UniqueID, Int64).self).first else {
            throw PostgresError(.decoding)
        }
        return CatalogueHead(catalogue: row.0, number: row.1)
    }

    /// Takes the identity and the number of a bucket over, whose recordings the database knows from now on.
    package func adopt(_ head: CatalogueHead) throws(PostgresError) {
        try connection.execute(
            """
            update catalogue_status set numbered_at = now(), catalogue = \(head.catalogue),
                number = case when catalogue = \(head.catalogue) then greatest(number, \(head.number)) else \(head.number) end
            """
        )
    }

    /// Takes or renews the right to write, by the database's clock alone.
    ///
    /// - Returns: False while another process has it.
    /// - Throws: The error that the database reports.
    package func lease(_ holder: String, seconds: Int64) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update catalogue_status set holder = \(holder.limited(to: 128)),
                lease_until = now() + \(seconds) * interval '1 second'
            where holder = \(holder) or holder is null or lease_until is null or lease_until < now()
            """
        return try connection.execute(statement) == 1
    }

    /// Gives the right to write back.
    package func release(_ holder: String) throws(PostgresError) {
        try connection.execute("update catalogue_status set lease_until = null where holder = \(holder)")
    }

    /// Takes note of trouble, or of its end.
    package func note(_ error: String?) throws(PostgresError) {
        try connection.execute(
            """
            update catalogue_status set error = \(error?.limited(to: 1000)),
                failed_since = case when \(error != nil) then coalesce(failed_since, now()) end
            where error is distinct from \(error?.limited(to: 1000))
            """
        )
    }
}
