import CLibPQ
import Glibc
import System

/// A connection of libpq, closed when it goes out of scope.
///
/// PQfinish sends a goodbye without waiting, once the connection is nonblocking.
struct PQConnection: ~Copyable {
    private let raw: OpaquePointer  // PGconn

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
        observer_pq_silence(raw)
    }

    deinit { PQfinish(raw) }

    var status: ConnStatusType { PQstatus(raw) }
    var transactionStatus: PGTransactionStatusType { PQtransactionStatus(raw) }

    /// The number of the server's process, as it was told when the connection was made.
    var announcedProcess: Int { Int(PQbackendPID(raw)) }

    /// The words of libpq or of the server about the last error.
    var message: String? { PQerrorMessage(raw).map { String(cString: $0) } }

    /// The error of a connection that broke.
    var lost: PostgresError { PostgresError(.connectionLost, serverMessage: message) }

    // MARK: Connecting

    func pollConnect() -> PostgresPollingStatusType { PQconnectPoll(raw) }

    func setNonblocking() -> Bool { PQsetnonblocking(raw, 1) == 0 }

    // MARK: Sending

    /// Sends a statement, by the name under which it was prepared if it has one; answers come in the binary format.
    func send(_ sql: SQL, preparedAs name: String?) -> Bool {
        sql.parameters.withPointers { values, lengths, formats, types in
            let count = Int32(truncatingIfNeeded: sql.parameters.count)
            guard let name else {
                return PQsendQueryParams(raw, sql.text, count, types, values, lengths, formats, 1) == 1
            }
            return PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1) == 1
        }
    }

    func sendPrepare(_ sql: SQL, as name: String) -> Bool {
        let types = sql.parameters.entries.map(\.type.rawValue)
        return PQsendPrepare(raw, name, sql.text, Int32(truncatingIfNeeded: types.count), types) == 1
    }

    /// Sends a text by the simple protocol: several statements in one text, no values.
    func sendScript(_ text: String) -> Bool { PQsendQuery(raw, text) == 1 }

    /// Writes what is buffered: 0 when all is written, 1 when the socket takes no more, -1 for an error.
    func flush() -> Int32 { PQflush(raw) }

    // MARK: Receiving

    var isBusy: Bool { PQisBusy(raw) == 1 }

    /// Reads what the socket has; false if the connection is broken.
    func consumeInput() -> Bool { PQconsumeInput(raw) == 1 }

    /// The next answer to the statement that was sent; nil after the last one.
    func nextResult() -> PQResult? {
        guard let result = PQgetResult(raw) else { return nil }
        return PQResult(takingOwnershipOf: result)
    }

    // MARK: Waiting

    /// Returns true if the socket is ready for reading now.
    var hasInput: Bool {
        var poller = pollfd(fd: PQsocket(raw), events: Int16(POLLIN), revents: 0)
        return poll(&poller, 1, 0) > 0
    }

    /// Waits until the socket is ready, and returns what for (poll(2)).
    ///
    /// - Throws: `deadline` if it is not ready in time.
    func wait(for events: Int16, until deadline: MonotonicInstant) throws(PostgresError) -> Int16 {
        while true {
            var poller = pollfd(fd: PQsocket(raw), events: events, revents: 0)
            let ready = poll(&poller, 1, deadline.pollMilliseconds)
            if ready > 0 { return poller.revents }
            if ready < 0, errno != EINTR, errno != EAGAIN { throw PostgresError(.connectionLost) }
            if ready <= 0, deadline.hasPassed { throw PostgresError(.deadline) }
        }
    }
}

/// The answer to one statement, freed when it goes out of scope.
struct PQResult: ~Copyable {
    private let raw: OpaquePointer  // PGresult

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
    }

    deinit { PQclear(raw) }

    var rowCount: Int32 { PQntuples(raw) }
    var columnCount: Int32 { PQnfields(raw) }

    /// Rows that an insert, update or delete touched, or a select returned.
    var affectedRows: Int {
        guard let text = PQcmdTuples(raw) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// The server's word for what it did, such as `COMMIT` or `ROLLBACK`.
    var commandTag: String {
        PQcmdStatus(raw).map { String(cString: $0) } ?? ""
    }

    /// The first value of the first row, of an answer to the simple protocol.
    var text: String? {
        guard rowCount > 0, columnCount > 0 else { return nil }
        return PQgetvalue(raw, 0, 0).map { String(cString: $0) }
    }

    /// Returns one row, which must not outlive this handle; callers ensure that by lending it to a closure.
    func row(_ index: Int32) -> PostgresRow {
        PostgresRow(result: raw, index: index, columnCount: columnCount)
    }

    /// The error that this answer is; nil for a success.
    var error: PostgresError? { PostgresError(result: raw) }
}

/// The options of a connection URL, freed when they go out of scope.
struct PQConnectionOptions: ~Copyable {
    private let raw: UnsafeMutablePointer<PQconninfoOption>

    /// Parses a URL; nil if libpq cannot.
    init?(url: String) {
        // The message repeats the URL, so it is not kept.
        var message: UnsafeMutablePointer<CChar>?
        let raw = PQconninfoParse(url, &message)
        PQfreemem(message)
        guard let raw else { return nil }
        self.raw = raw
    }

    deinit { PQconninfoFree(raw) }

    /// The options that the URL gives.
    var values: [String: String] {
        var values: [String: String] = [:]
        var option = raw
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }
}
