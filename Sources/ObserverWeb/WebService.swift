import System
import AMQP
import Crypto
import FastCGI
import HTTPClient
package import Lifecycle
package import Logging
import Mustache
package import ObserverConfiguration
import ObserverCore
import ObserverMessages
import Postgres
import S3

/// `observer-web`: answers nginx with a fixed number of threads, each with a database connection of its own.
package struct WebService: Service {
    package let name = "web"
    private let configuration: WebConfiguration
    private let logger: Logger
    private let publisher: AMQPConfirmedPublisher
    private let database: PostgresConfiguration
    private let templates: TemplateLibrary

    /// How long a change may wait for the broker to be told of it.
    private static let announceLimit = Duration.seconds(5)

    /// Reads the templates and checks the URLs; nothing is opened yet.
    package init(configuration: WebConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        templates = try TemplateLibrary(directory: configuration.templates)
        database = configuration.database
        publisher = AMQPConfirmedPublisher(
            configuration.broker,
            name: "web",
            topology: Broker.topology(),
            logger: logger
        )
    }

    package func run(until stop: StopSignal) throws {
        let board = HealthBoard()
        let server = try FastCGIServer(
            FastCGIConfiguration(socketPath: configuration.socket, threads: configuration.threads)
        )
        let site = WebSite(
            configuration: configuration,
            templates: templates,
            health: board,
            logger: logger,
            announce: announcer
        )
        let store = HTTPClient(name: "s3", parallel: 2)
        let monitor = HealthMonitor(
            board: board,
            isBrokerConnected: { [publisher] in publisher.isConnected },
            store: S3Client(configuration.s3, transfers: store, limits: Self.probeLimits),
            spool: configuration.spool
        )
        let housekeeping = Housekeeping(database: database, logger: logger)
        let helpers = [
            DedicatedThread.start(name: housekeeping.name) { housekeeping.run(until: stop) },
            DedicatedThread.start(name: "publisher") { [publisher] in publisher.run(until: stop) },
            DedicatedThread.start(name: store.name) { store.run(until: stop) },
            DedicatedThread.start(name: monitor.name) { [logger] in
                do {
                    try monitor.run(until: stop)
                } catch {
                    logger.error("Health is not looked at any more", [.error: LogValue(error)])
                }
            },
        ]
        logger.info(
            "Answering",
            [.socketPath: .string(configuration.socket), .threadCount: .int(configuration.threads)]
        )
        server.run(until: stop) { [database] _ in
            let context = WebContext(site: site, database: PostgresConnection(database))
            return { Routes.table.respond(to: $0, context: context) }
        }
        for helper in helpers { helper.join() }
    }

    private var announcer: @Sendable (CameraChanged, String?) -> Void {
        { [publisher, logger] changed, recorder in
            publisher.publish(changed.message(recorder: recorder), within: Self.announceLimit) { outcome in
                switch outcome {
                case .confirmed, .returned: break
                case .refused, .unconfirmed:
                    // The recorder's own look at the database finds the change within seconds.
                    logger.warning("Change not announced", [.cameraID: .int(Int(changed.cameraID.rawValue))])
                }
            }
        }
    }

    private static var probeLimits: HTTPClientRequest.Limits {
        var limits = HTTPClientRequest.Limits()
        limits.connect = .seconds(2)
        limits.total = .seconds(4)
        return limits
    }
}
