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
import S3

/// The composition of `observer-web`.
package enum WebService {
    /// How long a change may wait for the broker; a recorder that gets no notification finds the change by itself.
    private static let publishLimit = Duration.seconds(5)

    /// Composes the services; nothing is opened yet.
    ///
    /// Shutdown order: requests, health checks, then the last notifications; within 20 s.
    ///
    /// - Throws: `ConfigurationError` if the templates cannot be read.
    package static func stages(_ configuration: WebConfiguration, logger: Logger) throws -> [Stage] {
        let publisher = AMQPConfirmedPublisher(
            configuration.broker,
            name: "web-publish",
            topology: Broker.topology(),
            logger: logger
        )
        let store = HTTPClient(HTTPClientConfiguration(name: "s3", parallel: 2, limits: probeLimits))
        let board = HealthBoard()
        let site = WebSite(
            configuration: configuration,
            templates: try templates(configuration),
            health: board,
            logger: logger
        ) { changed, recorder in
            publisher.publish(changed.message(recorder: recorder), within: publishLimit) { outcome in
                guard outcome != .confirmed, outcome != .returned else { return }
                logger.warning("Change not announced", [.cameraID: .int(Int(changed.cameraID.rawValue))])
            }
        }
        let monitor = HealthMonitor(
            board: board,
            isBrokerConnected: { publisher.isConnected },
            store: S3Client(configuration.s3, http: store),
            spool: configuration.spool
        )
        let listener = WebListener(
            FastCGIConfiguration(socketPath: configuration.socket, threads: configuration.threads),
            site: site,
            database: configuration.database,
            logger: logger
        )
        return [
            Stage("connections", shutdownLimit: .seconds(3), services: [publisher, store]),
            Stage(
                "background",
                shutdownLimit: .seconds(5),
                services: [monitor, Housekeeping(database: configuration.database, logger: logger)]
            ),
            Stage("requests", shutdownLimit: .seconds(12), services: [listener]),
        ]
    }

    private static func templates(_ configuration: WebConfiguration) throws -> TemplateLibrary {
        do {
            return try TemplateLibrary(directory: configuration.templates)
        } catch {
            let found = "is \"\(configuration.templates)\" (\(error))"
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
