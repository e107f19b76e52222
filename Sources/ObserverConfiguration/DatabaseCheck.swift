import Lifecycle
import Postgres
import System

/// The look at the database when a program starts: a pooler that cannot be used ends the program, because waiting does not help.
///
/// It asks once, beside everything else. A database that is away is nothing to end for, and neither is a pooler that is
/// changed later: then each connection fails with the reason, and what needs no database goes on.
struct DatabaseCheck: Service {
    let name = "database check"
    private let configuration: PostgresConfiguration
    private let refused = Lock(false)

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// True if the program must not start again with this database URL.
    var isRefused: Bool { refused.withLock { $0 } }

    func run(until stop: StopSignal) throws {
        do {
            let connection = PostgresConnection(configuration)
            defer { connection.close() }
            try connection.execute("select 1")
        } catch {
            if error.kind == .pooler {
                refused.withLock { $0 = true }
                throw error
            }
        }
        stop.wait()
    }
}
