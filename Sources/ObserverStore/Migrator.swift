package import Postgres

/// Brings the schema of a database up to date.
///
/// All migrations that are missing are applied in one transaction under an advisory lock, so that several processes may
/// start at once, and a migration that fails leaves nothing behind. The text of an applied migration is remembered by its
/// checksum; one that has changed since, or one that this program does not know, is refused.
package struct Migrator {
    private let connection: PostgresConnection

    /// Any number, as long as nobody else takes it: "obsv" in ASCII.
    private static let lock: Int64 = 0x6F62_7376

    /// How long the whole may take, the wait for another migrator included.
    private static let limit: Duration = .seconds(600)

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Applies what is missing.
    ///
    /// - Parameter migrations: All that this program knows, in order.
    /// - Returns: Those that were applied; empty when there was nothing to do.
    /// - Throws: `changed`, `newer`, `failed` or `database`; nothing was changed then.
    @discardableResult
    package func migrate(_ migrations: [Migration]) throws(MigrationError) -> [Migration] {
        var refusal: MigrationError?
        do throws(PostgresError) {
            return try connection.transaction { () throws(PostgresError) in
                try prepare()
                switch Self.pending(migrations, applied: try applied()) {
                case .failure(let error):
                    refusal = error
                    throw PostgresError(.misuse)
                case .success(let pending):
                    for migration in pending {
                        do throws(PostgresError) {
                            try apply(migration)
                        } catch {
                            refusal = MigrationError(.failed, version: migration.version, cause: error)
                            throw error
                        }
                    }
                    return pending
                }
            }
        } catch {
            throw refusal ?? MigrationError(.database, cause: error)
        }
    }

    /// Whether the database has exactly these migrations; for checks, changes nothing.
    package func isUpToDate(_ migrations: [Migration]) throws(MigrationError) -> Bool {
        let rows: [(Int, String)]
        do {
            rows = try applied()
        } catch {
            // A database without any migration has not even the table.
            if error.kind == .schema { return false }
            throw MigrationError(.database, cause: error)
        }
        return try Self.pending(migrations, applied: rows).get().isEmpty
    }

    /// Which of the known migrations are missing.
    static func pending(
        _ known: [Migration],
        applied: [(version: Int, checksum: String)]
    ) -> Result<[Migration], MigrationError> {
        for row in applied {
            guard let migration = known.first(where: { $0.version == row.version }) else {
                return .failure(MigrationError(.newer, version: row.version))
            }
            guard migration.checksum == row.checksum else {
                return .failure(MigrationError(.changed, version: row.version))
            }
        }
        return .success(known.filter { migration in !applied.contains { $0.version == migration.version } })
    }

    private func prepare() throws(PostgresError) {
        try connection.execute("set local statement_timeout = 0")
        try connection.execute("set local lock_timeout = 0")
        try connection.execute("set local idle_in_transaction_session_timeout = 0")
        try connection.execute("select pg_advisory_xact_lock(\(Self.lock))", within: Self.limit)
        try connection.execute(
            """
            create table if not exists schema_migrations (
                version integer primary key,
                name text not null,
                checksum text not null,
                applied_at timestamptz not null default now()
            )
            """
        )
    }

    private func applied() throws(PostgresError) -> [(version: Int, checksum: String)] {
        let statement: SQL = "select version, checksum from schema_migrations order by version"
        return try connection.rows(statement, as: (Int, String).self).map { (version: $0.0, checksum: $0.1) }
    }

    private func apply(_ migration: Migration) throws(PostgresError) {
        try connection.executeScript(unsafe: migration.text, within: Self.limit)
        try connection.execute(
            """
            insert into schema_migrations (version, name, checksum)
            values (\(migration.version), \(migration.name), \(migration.checksum))
            """
        )
    }
}
