import AMQP
import Crypto
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import Postgres
import Spool

/// The whole of `observer-capture`, from its environment to its exit code.
package enum CaptureProgram {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Returns: 0 after a signal, 1 after a failure, 78 (EX_CONFIG) when a setting is wrong.
    package static func run(environment: [String: String]) -> Int32 {
        MediaLibrary.start()
        let configuration: CaptureConfiguration
        do {
            configuration = try CaptureConfiguration(environment: environment)
        } catch {
            let logger = Logger(label: "capture")
            for problem in error.problems { logger.error("Wrong setting", [.error: .string(problem.description)]) }
            return ConfigurationError.exitCode
        }
        let logger = configuration.log.logger("capture").with([.recorderID: .string(configuration.node)])
        let settings: CaptureService.Settings
        do {
            settings = try self.settings(configuration)
        } catch {
            logger.error("Wrong settings", [.error: LogValue(error)])
            return error is SpoolError ? 1 : ConfigurationError.exitCode
        }
        logger.info(
            "Starting",
            [.libraryVersion: .string(MediaLibrary.version), .spoolPath: .string(configuration.spool)]
        )
        let service = CaptureService(settings, logger: logger)
        let stage = Stage("capture", shutdownLimit: .seconds(25), services: [service])
        return ServiceGroup(logger: logger, stages: [stage]).run()
    }

    private static func settings(_ configuration: CaptureConfiguration) throws -> CaptureService.Settings {
        CaptureService.Settings(
            recorder: configuration.node,
            spool: try Spool(at: configuration.spool),
            broker: configuration.broker,
            database: configuration.database,
            key: configuration.sealingKey,
            networks: configuration.networks,
            ownServers: configuration.ownServers,
            prefix: configuration.prefix,
            snapshotInterval: configuration.snapshotSeconds > 0 ? .seconds(configuration.snapshotSeconds) : nil
        )
    }
}
