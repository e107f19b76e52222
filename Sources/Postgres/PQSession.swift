import CLibPQ
import Glibc
import System

/// An established session with the server and the statements prepared in it, closed when it is released.
///
/// libpq runs in nonblocking mode and this type waits with poll(2) on its socket: libpq's blocking calls wait forever on a
/// server that is frozen (`statement_timeout` and `tcp_user_timeout` do not help there).
final class PQSession {
    private let connection: PQConnection
    /// The names of prepared statements by their text.
    private var prepared: [String: String] = [:]
    private var preparedCount = 0
    /// The beginning of those names, which no other session has: behind a pooler that lends servers to others in between, the
    /// statement of somebody else would run under the same name.
    private let namePrefix = "o" + String(UInt64.random(in: 0 ... .max), radix: 36)
    /// True if a pooler stands between this program and the server.
    private(set) var isPooled = false

    /// Further texts run without being prepared, so that a caller who makes up texts cannot fill the server's memory.
    private static let preparedLimit = 400

    init(_ connection: consuming PQConnection) {
        self.connection = connection
    }

    /// True if the connection cannot be used any more.
    var isBroken: Bool { connection.status != CONNECTION_OK }

    /// True if the server is inside a transaction block.
    var isInTransaction: Bool {
        let status = connection.transactionStatus
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE
    }

    /// True if the server has closed an idle connection, as far as is known without waiting.
    var isStale: Bool {
        // A server that stops sends a last message before it closes, so one look may not be enough.
        for _ in 0..<8 {
            guard connection.hasInput else { return isBroken }
            if !connection.consumeInput() || isBroken { return true }
        }
        return false
    }

    // MARK: Statements

    func run(_ sql: SQL, until deadline: MonotonicInstant) throws(PostgresError) -> PQResult {
        let name = try preparedName(for: sql, until: deadline)
        guard connection.send(sql, preparedAs: name) else { throw connection.lost }
        return try answer(until: deadline)
    }

    /// Runs statements by the simple protocol: several in one text, no values.
    func runScript(_ text: String, until deadline: MonotonicInstant) throws(PostgresError) -> PQResult {
        guard connection.sendScript(text) else { throw connection.lost }
        return try answer(until: deadline)
    }

    /// Forgets a prepared statement that the server no longer accepts.
    func forget(_ sql: SQL) {
        prepared[sql.text] = nil
    }

    func isPrepared(_ sql: SQL) -> Bool {
        prepared[sql.text] != nil
    }

    private func preparedName(for sql: SQL, until deadline: MonotonicInstant) throws(PostgresError) -> String? {
        if let name = prepared[sql.text] { return name }
        guard prepared.count < Self.preparedLimit else { return nil }
        preparedCount += 1
        let name = "\(namePrefix)_\(preparedCount)"
        guard connection.sendPrepare(sql, as: name) else { throw connection.lost }
        _ = try answer(until: deadline)
        prepared[sql.text] = name
        return name
    }

    // MARK: Beginning

    /// Applies the settings of a session, and finds out whether a pooler stands in between: it makes up process numbers.
    ///
    /// - Returns: The number of the process that serves this session.
    func begin(with settings: String, until deadline: MonotonicInstant) throws(PostgresError) -> Int {
        let process = try serverProcess(after: settings, until: deadline)
        isPooled = process != connection.announcedProcess
        return process
    }

    /// Asks for the number of the server's process that answers, after other statements.
    func serverProcess(after statements: String = "", until deadline: MonotonicInstant) throws(PostgresError) -> Int {
        let answer = try runScript("\(statements) select pg_backend_pid()", until: deadline)
        guard let process = answer.text.flatMap({ Int($0) }) else { throw PostgresError(.decoding) }
        return process
    }

    // MARK: Waiting

    /// Sends what is buffered and reads answers up to the end of the command; the first error wins, else the last answer.
    private func answer(until deadline: MonotonicInstant) throws(PostgresError) -> PQResult {
        try flush(until: deadline)
        var failure: PostgresError?
        var last: PQResult?
        while true {
            while connection.isBusy {
                _ = try connection.wait(for: Int16(POLLIN), until: deadline)
                guard connection.consumeInput() else { throw connection.lost }
            }
            guard let result = connection.nextResult() else { break }
            if let error = result.error {
                // A copy is not followed through, and PQgetResult would return its state forever.
                guard error.kind != .misuse else { throw error }
                if failure == nil { failure = error }
            }
            last = consume result
        }
        if isBroken {
            throw PostgresError(.connectionLost, sqlState: failure?.sqlState, serverMessage: failure?.serverMessage)
        }
        if let failure { throw failure }
        guard let last else { throw connection.lost }
        return last
    }

    /// Writes what is buffered, and reads meanwhile: a server that waits for us to read its notices reads nothing from us
    /// (libpq manual, PQflush).
    private func flush(until deadline: MonotonicInstant) throws(PostgresError) {
        while true {
            switch connection.flush() {
            case 0: return
            case 1:
                let ready = try connection.wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                if ready & Int16(POLLIN) != 0, !connection.consumeInput() { throw connection.lost }
            default: throw connection.lost
            }
        }
    }
}
