import AMQP
import Crypto
import Lifecycle
import Logging
import ObserverConfiguration
import Postgres
import Spool

/// The process `observer-upload`.
package enum UploadProgram {
    /// Runs until a signal; gives the exit code: 0 after SIGTERM, 78 for wrong settings, 1 for anything else.
    package static func run(environment: [String: String]) -> Int32 {
        let configuration: UploadConfiguration
        do {
            configuration = try UploadConfiguration(environment: environment)
        } catch {
            let logger = Logger(label: "upload")
            for problem in error.problems { logger.error("Wrong setting", [.error: .string(problem.description)]) }
            return ConfigurationError.exitCode
        }
        let logger = configuration.log.logger("upload")
        do {
            let service = UploadService(
                try settings(configuration, crashPoints: CrashPoints(armed: environment["OBSERVER_CRASH_AT"])),
                objects: S3SegmentStore(configuration.s3, parallel: configuration.parallel),
                logger: logger
            )
            let stage = Stage("upload", shutdownLimit: .seconds(20), services: [service])
            return ServiceGroup(logger: logger, stages: [stage]).run()
        } catch let error as SpoolError {
            logger.error("The spool cannot be used", [.error: .string(error.description)])
            return 1
        } catch {
            logger.error("Wrong settings", [.error: LogValue(error)])
            return ConfigurationError.exitCode
        }
    }

    private static func settings(
        _ configuration: UploadConfiguration,
        crashPoints: CrashPoints
    ) throws -> UploadService.Settings {
        // A few more are decided than sent, so that a connection that is done finds its next file at once.
        let parallel = configuration.parallel + min(configuration.parallel, 4)
        var limits = UploadStateMachine.Limits(parallel: parallel)
        limits.retryPauses = configuration.retrySeconds.map { .seconds($0) }
        return UploadService.Settings(
            spool: try Spool(at: configuration.spool),
            broker: configuration.broker,
            database: configuration.database,
            limits: limits,
            sweepInterval: .seconds(configuration.sweepSeconds),
            crashPoints: crashPoints
        )
    }
}
