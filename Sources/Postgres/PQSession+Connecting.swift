import CLibPQ
import Glibc
import System

extension PQSession {
    /// Connects and signs in.
    ///
    /// `connect_timeout` holds for libpq's blocking functions only, so the deadline is kept here. Looking up a host name
    /// blocks (libpq manual, PQconnectStartParams); the resolver's own time limits hold for it.
    static func connect(
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

/// Lends strings as the array of C strings, ended by NULL, that libpq takes.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}
