import System
import AMQP
import FastCGI
import HTTPClient
package import Lifecycle
package import Logging
import Mustache
package import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import Postgres
import S3

/// The composition of `observer-web`.
package enum WebService {
    /// The time that a notification may wait for the broker; a recorder that gets none finds the change by itself.
    private static let publishLimit = Duration.seconds(5)

    /// Composes the services; nothing is opened yet.
    package static func stages(_ configuration: WebConfiguration, logger: Logger) throws -> [Stage] {
        try stages(configuration, logger: logger, lookUp: NameLookUp.addresses)
    }

    /// Composes the services, with another way to find stores.
    ///
    /// Shutdown order: requests, health checks, then the last notifications; within 20 s.
    ///
    /// - Parameters:
    ///   - configuration: The settings.
    ///   - logger: The log.
    ///   - lookUp: Returns the addresses of a store's name; blocks.
    /// - Returns: The stages, in the order in which they start.
    /// - Throws: `ConfigurationError` if the templates or the API's document cannot be read.
    package static func stages(
        _ configuration: WebConfiguration,
        logger: Logger,
        lookUp: @escaping @Sendable (String) -> [[UInt8]]
    ) throws -> [Stage] {
        let publisher = AMQPConfirmedPublisher(
            configuration.broker,
            name: "web-publish",
            topology: Broker.topology(),
            logger: logger
        )
        let stores = StoreClients(
            configuration.destinations,
            parallel: 2,
            limits: probeLimits,
            notify: { $0.log(to: logger) }
        )
        let addresses = StoreAddresses(configuration.destinations, lookUp: lookUp)
        let board = HealthBoard()
        let monitor = HealthMonitor(
            board: board,
            isBrokerConnected: { publisher.isConnected },
            stores: stores,
            copies: configuration.copies,
            spool: configuration.spool
        )
        let (pages, document) = try distribution(configuration)
        let authenticator = Authenticator(publicURL: configuration.publicURL)
        let send = sender(publisher, logger: logger)
        // Whoever waits for a picture has a thread.
        let snapshotWaits = SnapshotWaits(limit: configuration.threads / 2)
        let readers = exportStores(configuration, logger: logger)
        let source = SegmentSource(configuration, stores: readers) { board.away.union(addresses.unknown) }
        let exports = ExportPool(configuration, source: source)
        let cameraPages = AnswerMemory<CamerasAPI.PageKey, CamerasAPI.Page>()
        let context: @Sendable () -> WebContext = {
            WebContext(
                configuration: configuration,
                logger: logger,
                pages: pages,
                document: document,
                authenticator: authenticator,
                health: board,
                stores: stores,
                addresses: addresses,
                exports: exports,
                database: PostgresConnection(configuration.database),
                snapshotWaits: snapshotWaits,
                cameraPages: cameraPages,
                askForRetry: { publisher.publish(UploadRetryAsked.message(spool: $0), within: publishLimit) { _ in } },
                wish: { send(CameraWish($0, cameraID: $1.camera.id).message(recorder: $1.owner), $1) },
                announce: { camera in
                    let change = CameraChanged(cameraID: camera.camera.id, version: camera.camera.version)
                    send(change.message(recorder: camera.owner), camera)
                }
            )
        }
        let clients: [any Service] = [publisher] + stores.services + readers.services
        let background: [any Service] = [monitor, addresses] + upkeep(configuration, board: board, logger: logger)
        let requests = listeners(configuration, logger: logger, exports: exports, context: context)
        return [
            Stage("connections", shutdownLimit: .seconds(3), services: clients),
            Stage("background", shutdownLimit: .seconds(5), services: background),
            Stage("requests", shutdownLimit: .seconds(12), services: requests),
        ]
    }

    /// Returns what answers pages and API, and beside it what sends exports: pages never wait for those.
    private static func listeners(
        _ configuration: WebConfiguration,
        logger: Logger,
        exports pool: ExportPool,
        context: @escaping @Sendable () -> WebContext
    ) -> [any Service] {
        let pages = FastCGIConfiguration(socketPath: configuration.socket, threads: configuration.threads)
        let exports = FastCGIConfiguration(
            socketPath: ExportPool.socket(beside: configuration.socket),
            threads: ExportPool.threads
        )
        return [
            WebListener(pages, name: "listener", logger: logger, context: context),
            WebListener(exports, name: "exports", logger: logger, context: context),
            ExportStopper(pool.registry),
        ]
    }

    /// Returns clients of the stores that read recordings, with connections of their own.
    private static func exportStores(_ configuration: WebConfiguration, logger: Logger) -> StoreClients {
        var limits = HTTPClientLimits()
        limits.total = .seconds(30)
        limits.responseBytes = 2 << 20
        return StoreClients(
            configuration.destinations,
            parallel: 16,
            limits: limits,
            name: "export-s3",
            notify: { $0.log(to: logger) }
        )
    }

    /// Returns what watches the database and tidies it, each with a connection of its own.
    private static func upkeep(
        _ configuration: WebConfiguration,
        board: HealthBoard,
        logger: Logger
    ) -> [any Service] {
        let (database, vault) = (configuration.database, AddressVault(configuration.sealingKey))
        return [
            DatabaseMonitor(board: board, database: database),
            SessionPruner(database: database, logger: logger),
            AddressSealer(database: database, vault: vault, logger: logger),
        ]
    }

    /// Returns what sends a message about a camera; one that does not arrive is logged.
    private static func sender(
        _ publisher: AMQPConfirmedPublisher,
        logger: Logger
    ) -> @Sendable (AMQPMessage, CameraListing) -> Void {
        { message, camera in
            publisher.publish(message, within: publishLimit) { outcome in
                guard outcome != .confirmed, outcome != .returned else { return }
                let id = Int(camera.camera.id.rawValue)
                logger.warning("Recorder not told", [.cameraID: .int(id)])
            }
        }
    }

    /// Reads the templates and the document that lies beside them.
    private static func distribution(
        _ configuration: WebConfiguration
    ) throws(ConfigurationError) -> (PageRenderer, APIDocument) {
        let folder = configuration.templates
        do {
            let templates = try TemplateLibrary(directory: folder)
            return (PageRenderer(templates), try APIDocument(besideTemplates: folder))
        } catch {
            let found = "is \"\(folder)\" (\(error))"
            let problem = SettingProblem(.templates, "\(found); it must be \(Setting.templates.form.requirement)")
            throw ConfigurationError(problems: [problem])
        }
    }

    private static var probeLimits: HTTPClientLimits {
        var limits = HTTPClientLimits()
        limits.connect = .seconds(2)
        limits.total = .seconds(4)
        return limits
    }
}
