import CLibPQ
import Glibc

extension PQSession {
    /// Connects and signs in.
    ///
    /// `connect_timeout` only holds for libpq's blocking functions, so the deadline is kept here. Looking up a host name
    /// blocks (libpq manual, PQconnectStartParams); the resolver's own time limits hold for it.
    static func connect(
        _ configuration: PostgresConfiguration,
        until deadline: Deadline
    ) throws(PostgresError) -> PQSession {
        guard let raw = start(configuration) else { throw PostgresError(.unavailable) }
        let session = PQSession(takingOwnershipOf: raw)
        guard PQstatus(raw) != CONNECTION_BAD else { throw refusal(raw) }
        observer_pq_silence(raw)
        var step = PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            switch step {
            case PGRES_POLLING_READING: try waitForServer(Int16(POLLIN), raw, deadline)
            case PGRES_POLLING_WRITING: try waitForServer(Int16(POLLOUT), raw, deadline)
            default: throw refusal(raw)
            }
            step = PQconnectPoll(raw)
        }
        guard PQsetnonblocking(raw, 1) == 0 else { throw refusal(raw) }
        return session
    }

    private static func waitForServer(_ events: Int16, _ raw: OpaquePointer, _ deadline: Deadline) throws(PostgresError)
    {
        do {
            _ = try wait(for: events, on: PQsocket(raw), until: deadline)
        } catch {
            // Nothing was asked yet, so this is not the deadline of a statement.
            throw PostgresError(.unavailable, serverMessage: "no answer while connecting")
        }
    }

    private static func start(_ configuration: PostgresConfiguration) -> OpaquePointer? {
        let settings = configuration.settings
        return withCStrings(settings.map(\.keyword)) { keywords in
            withCStrings(settings.map(\.value)) { values in
                PQconnectStartParams(keywords, values, 0)
            }
        }
    }

    /// The server's refusals while connecting come as text only (libpq 15 keeps no SQLSTATE for them).
    private static func refusal(_ raw: OpaquePointer) -> PostgresError {
        let message = PQerrorMessage(raw).map { String(cString: $0) } ?? ""
        let kind: PostgresError.Kind =
            if contains(message, "authentication failed") || contains(message, "no password supplied")
                || contains(message, "pg_hba.conf") || contains(message, "role \"")
            {
                .authentication
            } else if contains(message, "database \"") && contains(message, "does not exist") {
                .unknownDatabase
            } else {
                .unavailable
            }
        return PostgresError(kind, serverMessage: message)
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        let part = Array(part.utf8)
        let text = Array(text.utf8)
        guard text.count >= part.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}

/// Lends strings as the array of C strings, ended by NULL, that libpq takes.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}
