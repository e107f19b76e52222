import CLibPQ
import Glibc
import System

extension PQSession {
    /// Connects, signs in, applies the settings of a session, and refuses a pooler that shares servers between sessions.
    static func connect(
        _ configuration: PostgresConfiguration,
        until deadline: MonotonicInstant
    ) throws(PostgresError) -> PQSession {
        let session = try signIn(configuration, until: deadline)
        do {
            let process = try session.begin(with: configuration.sessionSettings, until: deadline)
            if session.isPooled { try PoolerProbe(configuration, until: deadline).check(session, servedBy: process) }
        } catch {
            guard PoolerProbe.isRefusal(error) else { throw error.ofConnecting }
            throw PostgresError(.pooler, serverMessage: error.serverMessage)
        }
        return session
    }

    /// Connects and signs in.
    ///
    /// `connect_timeout` holds for libpq's blocking functions only, so the deadline is kept here. Looking up a host name
    /// blocks (libpq manual, PQconnectStartParams); the resolver's own time limits hold for it.
    static func signIn(
        _ configuration: PostgresConfiguration,
        until deadline: MonotonicInstant
    ) throws(PostgresError) -> PQSession {
        guard let raw = start(configuration) else { throw PostgresError(.unavailable) }
        let connection = PQConnection(takingOwnershipOf: raw)
        guard connection.status != CONNECTION_BAD else { throw PostgresError(refusal: connection.message) }
        var step = PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            let events =
                switch step {
                case PGRES_POLLING_READING: Int16(POLLIN)
                case PGRES_POLLING_WRITING: Int16(POLLOUT)
                default: throw PostgresError(refusal: connection.message)
                }
            do {
                _ = try connection.wait(for: events, until: deadline)
            } catch {
                // Nothing was asked yet, so this is not the deadline of a statement.
                throw PostgresError(.unavailable, serverMessage: "no answer while connecting")
            }
            step = connection.pollConnect()
        }
        guard connection.setNonblocking() else { throw PostgresError(refusal: connection.message) }
        return PQSession(connection)
    }

    private static func start(_ configuration: PostgresConfiguration) -> OpaquePointer? {
        let settings = configuration.settings
        return withCStrings(settings.map(\.keyword)) { keywords in
            withCStrings(settings.map(\.value)) { values in
                PQconnectStartParams(keywords, values, 0)
            }
        }
    }
}

extension PostgresError {
    /// The same while nothing was asked yet: no statement was lost, and none was late.
    fileprivate var ofConnecting: PostgresError {
        switch kind {
        case .connectionLost, .deadline: PostgresError(.unavailable, sqlState: sqlState, serverMessage: serverMessage)
        default: self
        }
    }
}

/// Lends strings as the array of C strings, ended by NULL, that libpq takes.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}
