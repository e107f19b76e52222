import System

/// A connection to PostgreSQL for one thread.
///
/// Connects on the first call, prepares each statement once per session, and connects again on the call after a
/// connection broke. Every call blocks, at most until its deadline; then the session is dropped, because its answer would
/// arrive as the answer to the next call. A call that failed with `connectionLost` or `deadline` may have taken effect on
/// the server, so a call that is repeated must be idempotent.
///
/// libpq allows one thread at a time per connection. There is no lock here: give each thread a connection of its own. The
/// type is not `Sendable`, which the compiler enforces.
///
///     let connection = PostgresConnection(try PostgresConfiguration(url: url, applicationName: "observer-web"))
///     let names = try connection.query("select name from cameras where id > \(id)") { row throws(PostgresError) in
///         try row.next(String.self)
///     }
///     try connection.transaction { () throws(PostgresError) in
///         try connection.execute("delete from cameras where id = \(id)", within: .seconds(1))
///     }
public final class PostgresConnection {
    /// The server and the limits.
    public let configuration: PostgresConfiguration
    private var session: PQSession?
    private var isInTransaction = false
    /// The sessions so far: between two of them the database may have become another one, or been restored.
    public private(set) var sessionCount = 0
    /// Set by a failed attempt: no other is made before that moment.
    private var nextAttempt: MonotonicInstant?

    /// Creates a connection; nothing is sent before the first call.
    public init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// Closes the connection; the next call opens it again.
    public func close() {
        session = nil
        nextAttempt = nil
    }

    /// True if a session exists, as far as is known without asking the server.
    public var isConnected: Bool {
        session.map { !$0.isBroken } ?? false
    }

    // MARK: Statements

    /// Runs a statement and returns how many rows it changed (or returned).
    ///
    /// As in all calls, `deadline` takes the place of the configuration's time.
    @discardableResult
    public func execute(_ sql: SQL, within deadline: Duration? = nil) throws(PostgresError) -> Int {
        try perform(sql, within: deadline).affectedRows
    }

    /// Runs a statement and returns a value for each row.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - deadline: The longest wait, in place of the configuration's time.
    ///   - read: Called once per row, in order.
    /// - Returns: The values that `read` returned.
    /// - Throws: The error of the statement, or of `read`.
    public func query<R>(
        _ sql: SQL,
        within deadline: Duration? = nil,
        _ read: (inout PostgresRow) throws(PostgresError) -> R
    ) throws(PostgresError) -> [R] {
        let result = try perform(sql, within: deadline)
        var values: [R] = []
        values.reserveCapacity(Int(result.rowCount))
        for index in 0..<result.rowCount {
            var row = result.row(index)
            values.append(try read(&row))
        }
        return values
    }

    /// Runs a statement, lends each row and returns their number; nothing is collected.
    @discardableResult
    public func forEachRow(
        _ sql: SQL,
        within deadline: Duration? = nil,
        _ body: (inout PostgresRow) throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        let result = try perform(sql, within: deadline)
        for index in 0..<result.rowCount {
            var row = result.row(index)
            try body(&row)
        }
        return Int(result.rowCount)
    }

    /// Runs a statement and returns a value for its first row; nil if there is none.
    public func first<R>(
        _ sql: SQL,
        within deadline: Duration? = nil,
        _ read: (inout PostgresRow) throws(PostgresError) -> R
    ) throws(PostgresError) -> R? {
        let result = try perform(sql, within: deadline)
        guard result.rowCount > 0 else { return nil }
        var row = result.row(0)
        return try read(&row)
    }

    /// Runs a statement and returns its rows as tuples: `try connection.rows(sql, as: (Int64, String?).self)`.
    public func rows<each Value: SQLValue>(
        _ sql: SQL,
        as type: (repeat each Value).Type,
        within deadline: Duration? = nil
    ) throws(PostgresError) -> [(repeat each Value)] {
        let result = try perform(sql, within: deadline)
        var values: [(repeat each Value)] = []
        values.reserveCapacity(Int(result.rowCount))
        for index in 0..<result.rowCount {
            values.append(try result.row(index).decode((repeat each Value).self))
        }
        return values
    }

    /// Runs a text of one or more statements without values, in one implicit transaction unless it has its own.
    ///
    /// For migrations and tools. The text must come from the program itself.
    public func executeScript(unsafe text: String, within deadline: Duration? = nil) throws(PostgresError) {
        let limit = MonotonicInstant.now() + (deadline ?? configuration.deadline)
        let session = try liveSession(until: limit)
        do {
            _ = try session.runScript(text, until: limit)
        } catch {
            drop(session, after: error)
            throw error
        }
    }

    // MARK: Transactions

    /// Runs calls of this connection as one transaction: committed when `body` returns, rolled back when it throws.
    ///
    /// After a statement failed inside, the transaction cannot be committed, even if `body` returns. A connection that
    /// breaks inside is not opened again before the end of the transaction: the remaining calls fail. When the commit
    /// itself fails with `connectionLost` or `deadline`, it is not known whether it took place.
    public func transaction<R>(_ body: () throws(PostgresError) -> R) throws(PostgresError) -> R {
        guard !isInTransaction else { throw PostgresError(.misuse, "a transaction inside a transaction") }
        try execute("begin")
        isInTransaction = true
        defer { isInTransaction = false }
        do throws(PostgresError) {
            let value = try body()
            // The server answers the commit of a transaction in which a statement failed with a rollback, as a success.
            guard try perform("commit", within: nil).commandTag == "COMMIT" else {
                throw PostgresError(.misuse, "a statement had failed, so the transaction was rolled back")
            }
            return value
        } catch {
            rollBack()
            throw error
        }
    }

    /// Ends a failed transaction.
    ///
    /// If even that fails, the session is dropped, and the server rolls back by itself.
    private func rollBack() {
        guard let session, session.isInTransaction else { return }
        do {
            _ = try session.run("rollback", until: MonotonicInstant.now() + configuration.deadline)
        } catch {
            self.session = nil
        }
    }

    // MARK: The session

    private func perform(_ sql: SQL, within deadline: Duration?) throws(PostgresError) -> PQResult {
        let limit = MonotonicInstant.now() + (deadline ?? configuration.deadline)
        let session = try liveSession(until: limit)
        do {
            return try session.run(sql, until: limit)
        } catch {
            if session.isPooled, PoolerProbe.isRefusal(error) || Self.isForgotten(error) {
                self.session = nil
                throw PostgresError(.pooler, sqlState: error.sqlState, serverMessage: error.serverMessage)
            }
            guard session.isPrepared(sql), !isInTransaction, isOutdated(error) else {
                drop(session, after: error)
                throw error
            }
            session.forget(sql)
        }
        do {
            return try session.run(sql, until: limit)
        } catch {
            drop(session, after: error)
            throw error
        }
    }

    /// Returns true if a prepared statement was refused before it ran: its table has changed (0A000, "cached plan must not
    /// change result type") or the server has forgotten it (26000).
    private func isOutdated(_ error: PostgresError) -> Bool {
        error.sqlState == "0A000" || Self.isForgotten(error)
    }

    /// Returns true if the server does not know a prepared statement: behind a pooler it is another one than before.
    private static func isForgotten(_ error: PostgresError) -> Bool { error.sqlState == "26000" }

    private func liveSession(until limit: MonotonicInstant) throws(PostgresError) -> PQSession {
        if let session {
            if isInTransaction || !session.isStale { return session }
            self.session = nil
        }
        guard !isInTransaction else { throw PostgresError(.connectionLost) }
        if let nextAttempt, !nextAttempt.hasPassed { throw PostgresError(.unavailable) }
        do {
            let session = try PQSession.connect(configuration, until: limit)
            self.session = session
            sessionCount += 1
            nextAttempt = nil
            return session
        } catch {
            nextAttempt = MonotonicInstant.now() + configuration.reconnectInterval
            throw error
        }
    }

    /// Keeps the session after an error of a statement; drops it when it is broken or has an answer outstanding.
    private func drop(_ session: PQSession, after error: PostgresError) {
        if session.isBroken || error.kind == .deadline || error.kind == .misuse || error.kind == .connectionLost {
            self.session = nil
        }
    }
}

/// One thread at a time may use a libpq connection, and the statements of two threads would mix in one transaction.
@available(*, unavailable)
extension PostgresConnection: Sendable {}
