import CLibPQ
import Glibc

/// One established session with the server and the statements prepared in it.
///
/// Whoever drops it closes it.
///
/// libpq runs in nonblocking mode and this type waits with poll(2) on its socket, because libpq's blocking calls wait for
/// ever on a server that is frozen (`statement_timeout` and `tcp_user_timeout` do not help there).
final class PQSession {
    private let raw: OpaquePointer  // PGconn
    private var prepared: [String: String] = [:]

    /// More texts than this are run without being prepared, so that a caller who makes up texts cannot fill the server.
    private static let preparedLimit = 400

    init(takingOwnershipOf raw: OpaquePointer) {
        self.raw = raw
    }

    // PQfinish sends a goodbye without waiting, since the connection is nonblocking, and closes the socket.
    deinit { PQfinish(raw) }

    /// Whether the connection can be used no more.
    var isBroken: Bool { PQstatus(raw) != CONNECTION_OK }

    /// Whether the server is inside a transaction block.
    var isInTransaction: Bool {
        let status = PQtransactionStatus(raw)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE
    }

    /// Looks, without waiting, whether the server has closed an idle connection.
    var isStale: Bool {
        // A server that stops sends a last message before it closes, so one look may not be enough.
        for _ in 0..<8 {
            var poller = pollfd(fd: PQsocket(raw), events: Int16(POLLIN), revents: 0)
            guard poll(&poller, 1, 0) > 0 else { return isBroken }
            if PQconsumeInput(raw) == 0 || isBroken { return true }
        }
        return false
    }

    // MARK: Statements

    func run(_ sql: SQL, until deadline: Deadline) throws(PostgresError) -> PQResult {
        let name = try preparedName(for: sql, until: deadline)
        let accepted = sql.parameters.withPointers { values, lengths, formats, types in
            let count = Int32(truncatingIfNeeded: sql.parameters.count)
            guard let name else {
                return PQsendQueryParams(raw, sql.text, count, types, values, lengths, formats, 1)
            }
            return PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1)
        }
        guard accepted == 1 else { throw PostgresError(.connectionLost, serverMessage: message) }
        return try answer(until: deadline)
    }

    /// Runs statements by the simple protocol: several in one text, no values.
    func runScript(_ text: String, until deadline: Deadline) throws(PostgresError) -> PQResult {
        guard PQsendQuery(raw, text) == 1 else { throw PostgresError(.connectionLost, serverMessage: message) }
        return try answer(until: deadline)
    }

    /// Forgets a prepared statement that the server no longer accepts.
    func forget(_ sql: SQL) {
        prepared[sql.text] = nil
    }

    func isPrepared(_ sql: SQL) -> Bool {
        prepared[sql.text] != nil
    }

    private var preparedCount = 0

    private func preparedName(for sql: SQL, until deadline: Deadline) throws(PostgresError) -> String? {
        if let name = prepared[sql.text] { return name }
        guard prepared.count < Self.preparedLimit else { return nil }
        preparedCount += 1
        let name = "s\(preparedCount)"
        let types = sql.parameters.entries.map(\.type.rawValue)
        guard PQsendPrepare(raw, name, sql.text, Int32(truncatingIfNeeded: types.count), types) == 1 else {
            throw PostgresError(.connectionLost, serverMessage: message)
        }
        _ = try answer(until: deadline)
        prepared[sql.text] = name
        return name
    }

    // MARK: Waiting

    /// Sends what is buffered and reads answers up to the end of the command; the first error wins, else the last answer.
    private func answer(until deadline: Deadline) throws(PostgresError) -> PQResult {
        try flush(until: deadline)
        var failure: PostgresError?
        var last: PQResult?
        while true {
            while PQisBusy(raw) == 1 {
                _ = try wait(for: Int16(POLLIN), until: deadline)
                guard PQconsumeInput(raw) == 1 else { throw PostgresError(.connectionLost, serverMessage: message) }
            }
            guard let result = PQgetResult(raw) else { break }
            let handle = PQResult(takingOwnershipOf: result)
            if let error = handle.error {
                // A copy is not followed through, and PQgetResult would return its state for ever.
                guard error.kind != .misuse else { throw error }
                if failure == nil { failure = error }
            }
            last = consume handle
        }
        if isBroken {
            throw PostgresError(.connectionLost, sqlState: failure?.sqlState, serverMessage: failure?.serverMessage)
        }
        if let failure { throw failure }
        guard let last else { throw PostgresError(.connectionLost, serverMessage: message) }
        return last
    }

    /// While sending, input is read as well: a server that waits for us to read its notices reads nothing from us
    /// (libpq manual, PQflush).
    private func flush(until deadline: Deadline) throws(PostgresError) {
        while true {
            switch PQflush(raw) {
            case 0: return
            case 1:
                let ready = try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                if ready & Int16(POLLIN) != 0, PQconsumeInput(raw) == 0 {
                    throw PostgresError(.connectionLost, serverMessage: message)
                }
            default: throw PostgresError(.connectionLost, serverMessage: message)
            }
        }
    }

    private func wait(for events: Int16, until deadline: Deadline) throws(PostgresError) -> Int16 {
        try PQSession.wait(for: events, on: PQsocket(raw), until: deadline)
    }

    /// Waits until the socket is ready; throws `deadline` when it is not in time.
    static func wait(for events: Int16, on socket: Int32, until deadline: Deadline) throws(PostgresError) -> Int16 {
        while true {
            var poller = pollfd(fd: socket, events: events, revents: 0)
            let ready = poll(&poller, 1, deadline.pollMilliseconds)
            if ready > 0 { return poller.revents }
            if ready < 0, errno != EINTR, errno != EAGAIN { throw PostgresError(.connectionLost) }
            if ready <= 0, deadline.hasPassed { throw PostgresError(.deadline) }
        }
    }

    private var message: String? {
        PQerrorMessage(raw).map { String(cString: $0) }
    }
}

extension Parameters {
    /// Lends the values as the four parallel arrays that libpq takes.
    func withPointers<R>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?, _ types: UnsafePointer<UInt32>?
        ) -> R
    ) -> R {
        guard count > 0 else { return body(nil, nil, nil, nil) }
        return bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * count) { numbers in
                    // An empty value is told from NULL by a pointer to something.
                    let somewhere = UnsafeRawPointer(numbers.baseAddress)
                    for (index, entry) in entries.enumerated() {
                        let start = bytes.baseAddress.map { $0 + entry.offset } ?? somewhere
                        values[index] = entry.length < 0 ? nil : start?.assumingMemoryBound(to: CChar.self)
                        numbers[index] = Int32(clamping: max(entry.length, 0))
                        numbers[count + index] = 1
                        numbers[2 * count + index] = Int32(bitPattern: entry.type.rawValue)
                    }
                    guard let lengths = UnsafePointer(numbers.baseAddress) else { return body(nil, nil, nil, nil) }
                    return (lengths + 2 * count).withMemoryRebound(to: UInt32.self, capacity: count) { types in
                        body(UnsafePointer(values.baseAddress), lengths, lengths + count, types)
                    }
                }
            }
        }
    }
}
