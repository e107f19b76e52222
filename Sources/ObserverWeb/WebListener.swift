import FastCGI
import Lifecycle
import Logging
import Postgres
import Synchronization

/// Answers nginx with a fixed number of threads, each with a database connection of its own.
final class WebListener: Service {
    let name = "listener"
    private let configuration: FastCGIConfiguration
    private let site: WebSite
    private let database: PostgresConfiguration
    private let logger: Logger
    private let server = Mutex<FastCGIServer?>(nil)

    init(_ configuration: FastCGIConfiguration, site: WebSite, database: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.site = site
        self.database = database
        self.logger = logger
    }

    /// Opens the socket.
    func start() throws {
        let server = try FastCGIServer(configuration)
        self.server.withLock { $0 = server }
        logger.info(
            "Listening",
            [.socketPath: .string(configuration.socketPath), .threadCount: .int(configuration.threads)]
        )
    }

    /// Answers requests until stopped; those that have begun are answered.
    func run(until stop: StopSignal) {
        server.withLock { $0 }?.run(until: stop) { [site, database] _ in
            let context = WebContext(site: site, database: PostgresConnection(database))
            return { Routes.table.respond(to: $0, context: context) }
        }
        // Removes the socket's file.
        server.withLock { $0 = nil }
    }
}
