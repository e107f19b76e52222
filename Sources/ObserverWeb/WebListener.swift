import FastCGI
import Lifecycle
import Logging
import System

/// Answers nginx with a fixed number of threads, each with a database connection of its own.
final class WebListener: Service {
    let name: String
    private let configuration: FastCGIConfiguration
    private let logger: Logger
    private let context: @Sendable () -> WebContext
    private let server = Lock<FastCGIServer?>(nil)

    /// Creates a listener; `context` is called on each thread, for a database connection of its own.
    init(
        _ configuration: FastCGIConfiguration,
        name: String,
        logger: Logger,
        context: @escaping @Sendable () -> WebContext
    ) {
        self.name = name
        self.configuration = configuration
        self.logger = logger
        self.context = context
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
        let notice = ProxyNotice(logger: logger)
        server.withLock { $0 }?.run(until: stop) { [context] _ in
            let context = context()
            return { request in
                notice.look(at: request)
                return Routes.respond(to: request, context: context)
            }
        }
        // Removes the socket's file.
        server.withLock { $0 = nil }
    }
}
