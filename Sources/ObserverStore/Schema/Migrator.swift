import Glibc
package import Postgres

/// Brings the schema of a database up to date.
///
/// Steps are applied one after the other and remembered with the checksum of their text, so that an attempt that ends
/// early, for whatever reason, is continued by the next one. A session-level advisory lock lets several processes start at
/// once. A step whose text has changed since it was applied is refused, and so is a database that a newer program has
/// changed, unless that migration is marked as compatible.
package struct Migrator {
    /// The times after which a migrator gives up.
    package struct Limits: Sendable {
        /// For one lock.
        ///
        /// While a statement waits for it, every later query on that table waits behind.
        package var lock: Duration = .seconds(2)
        /// For the locks of a step, all tries and the pauses between them together.
        package var tries: Duration = .seconds(120)
        /// For one transaction.
        package var transaction: Duration = .seconds(600)
        /// For another process that is migrating.
        package var others: Duration = .seconds(600)

        package init() {}
    }

    private let connection: PostgresConnection
    private let ledger: MigrationLedger
    private let limits: Limits

    /// The number of the advisory lock, any as long as nobody else takes it: "obsv" in ASCII.
    private static let lock: Int64 = 0x6F62_7376

    /// A year: a concurrent step ends by itself, and giving up on it would only leave its work half done.
    private static let unlimited: Duration = .seconds(365 * 86_400)

    /// A little longer than the server works on a statement, so that its answer is seen.
    private var patience: Duration { limits.transaction + .seconds(10) }

    package init(_ connection: PostgresConnection, limits: Limits = Limits()) {
        self.connection = connection
        self.limits = limits
        ledger = MigrationLedger(connection: connection)
    }

    /// Applies the steps that are missing, and closes the connection, which opens again by itself.
    ///
    /// - Parameter migrations: All that this program knows, in order.
    /// - Returns: Those of which at least one step was applied; empty when there was nothing to do.
    /// - Throws: Any kind but those of reading files.
    @discardableResult
    package func migrate(_ migrations: [Migration]) throws(MigrationError) -> [Migration] {
        // Also releases the advisory lock.
        defer { connection.close() }
        try awaitTurn()
        let pending = try PendingStep.all(
            of: migrations,
            after: try reading { () throws(PostgresError) in
                try ledger.create()
                return try ledger.entries()
            }
        )
        var applied: [Migration] = []
        for step in pending {
            try requireTurn()
            try apply(step)
            if applied.last != step.migration { applied.append(step.migration) }
        }
        return applied
    }

    /// Returns true if the database has every step of these migrations; changes nothing.
    package func isUpToDate(_ migrations: [Migration]) throws(MigrationError) -> Bool {
        let entries: [MigrationLedger.Entry]
        do {
            entries = try ledger.entries()
        } catch {
            // A database without any migration has not even the table.
            if error.kind == .schema { return false }
            throw MigrationError(.database, cause: error)
        }
        return try PendingStep.all(of: migrations, after: entries).isEmpty
    }

    // MARK: Turns

    /// Waits for the advisory lock by trying: a statement that waits for it would hold a snapshot, and
    /// `create index concurrently` of the process that has the lock waits for all older snapshots.
    private func awaitTurn() throws(MigrationError) {
        let end = ContinuousClock.now + limits.others
        while try !takeTurn() {
            guard ContinuousClock.now < end else {
                throw MigrationError(.busy, ", and did not end within \(limits.others)")
            }
            pause(.milliseconds(100))
        }
    }

    /// Takes the lock once more: at once if this session has it, and not at all if the session was lost and another
    /// process has come in between.
    private func requireTurn() throws(MigrationError) {
        guard try takeTurn() else { throw MigrationError(.busy, " since the connection was lost") }
    }

    private func takeTurn() throws(MigrationError) -> Bool {
        try reading { () throws(PostgresError) in
            try connection.rows("select pg_try_advisory_lock(\(Self.lock))", as: (Bool).self).first ?? false
        }
    }

    private func reading<R>(_ body: () throws(PostgresError) -> R) throws(MigrationError) -> R {
        do {
            return try body()
        } catch {
            throw MigrationError(.database, cause: error)
        }
    }

    // MARK: Steps

    private func apply(_ step: PendingStep) throws(MigrationError) {
        switch step.step.kind {
        case .transactional:
            try transaction(step) { () throws(PostgresError) in
                try connection.executeScript(unsafe: step.step.text, within: patience)
                try ledger.note(step)
            }
        case .concurrent:
            do {
                try runConcurrently(step.step)
                try ledger.note(step)
            } catch {
                throw failure(step, error)
            }
        case .batched:
            var cursor = step.cursor
            repeat { cursor = try runBatch(step, from: cursor) } while cursor != nil
        }
    }

    /// Runs a transaction with limits, again and again while others hold the locks that it needs.
    private func transaction<R>(
        _ step: PendingStep,
        _ body: () throws(PostgresError) -> R
    ) throws(MigrationError) -> R {
        let end = ContinuousClock.now + limits.tries
        var rest = Duration.milliseconds(250)
        while true {
            do throws(PostgresError) {
                return try connection.transaction { () throws(PostgresError) in
                    try connection.executeScript(
                        unsafe: """
                            set local lock_timeout = \(limits.lock.milliseconds);
                            set local statement_timeout = \(limits.transaction.milliseconds);
                            set local idle_in_transaction_session_timeout = 0;
                            """
                    )
                    return try body()
                }
            } catch {
                // Lock not available, dead-lock detected (PostgreSQL manual, appendix A).
                guard error.sqlState == "55P03" || error.sqlState == "40P01" else { throw failure(step, error) }
                guard ContinuousClock.now + rest < end else {
                    throw MigrationError(.locked, step.step.name, version: step.migration.version, cause: error)
                }
            }
            pause(rest)
            rest = min(rest * 2, .seconds(10))
        }
    }

    private func runConcurrently(_ step: MigrationStep) throws(PostgresError) {
        try connection.execute("set statement_timeout = 0")
        // It waits for running transactions, and nobody waits behind it.
        try connection.execute("set lock_timeout = 0")
        let statements =
            step.yieldsStatements
            ? try connection.rows("\(unsafe: step.text)", as: (String).self, within: Self.unlimited)
            : [step.text]
        for statement in statements {
            if let index = MigrationStep.indexName(statement) { try dropInvalid(index) }
            try connection.executeScript(unsafe: statement, within: Self.unlimited)
        }
    }

    /// Drops what an interrupted `create index concurrently` left behind: an index that is kept up to date and never used.
    private func dropInvalid(_ index: String) throws(PostgresError) {
        let statement: SQL = """
            select format('drop index concurrently %s', i.indexrelid::regclass) from pg_index i
            where i.indexrelid = to_regclass(\(index)) and not i.indisvalid
            """
        guard let drop = try connection.rows(statement, as: (String).self).first else { return }
        try connection.executeScript(unsafe: drop, within: Self.unlimited)
    }

    /// Runs one batch and returns the next place; nil when nothing is left.
    private func runBatch(_ step: PendingStep, from cursor: String?) throws(MigrationError) -> String? {
        let parts = step.step.text.split(separator: MigrationStep.cursor, omittingEmptySubsequences: false)
        var sql = SQL.StringInterpolation(literalCapacity: step.step.text.utf8.count, interpolationCount: parts.count)
        for (index, part) in parts.enumerated() {
            if index > 0 { sql.appendInterpolation(cursor) }
            sql.appendLiteral(String(part))
        }
        let statement = SQL(stringInterpolation: sql)
        return try transaction(step) { () throws(PostgresError) in
            let rows = try connection.rows(statement, as: (String?, Int64).self, within: patience)
            guard rows.count == 1, let (next, changed) = rows.first, next == nil || next != cursor else {
                throw PostgresError(.misuse, "a batch must return one row and get on")
            }
            try ledger.note(step, cursor: next ?? cursor, changedRows: changed, isApplied: next == nil)
            return next
        }
    }

    private func failure(_ step: PendingStep, _ error: PostgresError) -> MigrationError {
        let isLost = error.kind == .unavailable || error.kind == .connectionLost || error.kind == .deadline
        return isLost
            ? MigrationError(.database, step.step.name, version: step.migration.version, cause: error)
            : MigrationError(.failed, step.step.name, version: step.migration.version, cause: error)
    }

    private func pause(_ duration: Duration) {
        usleep(UInt32(clamping: duration.milliseconds * 1000))
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
