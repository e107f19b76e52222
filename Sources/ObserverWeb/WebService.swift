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
    ///
    /// Shutdown order: requests, health checks, then the last notifications; within 20 s.
    ///
    /// - Throws: `ConfigurationError` if the templates or the API's document cannot be read.
    package static func stages(_ configuration: WebConfiguration, logger: Logger) throws -> [Stage] {
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
        let send = { @Sendable (message: AMQPMessage, camera: CameraListing) in
            publisher.publish(message, within: publishLimit) { outcome in
                guard outcome != .confirmed, outcome != .returned else { return }
                let id = Int(camera.camera.id.rawValue)
                logger.warning("Recorder not told", [.cameraID: .int(id)])
            }
        }
        // Whoever waits for a picture has a thread.
        let snapshotWaits = SnapshotWaits(limit: configuration.threads / 2)
        let listener = WebListener(
            FastCGIConfiguration(socketPath: configuration.socket, threads: configuration.threads),
            logger: logger
        ) {
            WebContext(
                configuration: configuration,
                logger: logger,
                pages: pages,
                document: document,
                authenticator: authenticator,
                health: board,
                stores: stores,
                database: PostgresConnection(configuration.database),
                snapshotWaits: snapshotWaits,
                askForRetry: { publisher.publish(UploadRetryAsked.message(spool: $0), within: publishLimit) { _ in } },
                wish: { send(CameraWish($0, cameraID: $1.camera.id).message(recorder: $1.owner), $1) },
                announce: { camera in
                    let change = CameraChanged(cameraID: camera.camera.id, version: camera.camera.version)
                    send(change.message(recorder: camera.owner), camera)
                }
            )
        }
        return [
            Stage("connections", shutdownLimit: .seconds(3), services: [publisher] + stores.services),
            Stage(
                "background",
                shutdownLimit: .seconds(5),
                services: [
                    monitor, SessionPruner(database: configuration.database, logger: logger),
                    AddressSealer(
                        database: configuration.database,
                        vault: AddressVault(configuration.sealingKey),
                        logger: logger
                    ),
                ]
            ),
            Stage("requests", shutdownLimit: .seconds(12), services: [listener]),
        ]
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
