import ObserverConfiguration
import Glibc
import Lifecycle
import Logging

/// The whole of `observer-web`, from its environment to its exit code.
package enum WebProgram {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Returns: 0 after a signal, 1 after a failure, 78 (EX_CONFIG) when a setting is wrong.
    package static func run(environment: [String: String]) -> Int32 {
        let configuration: WebConfiguration
        do {
            configuration = try WebConfiguration(environment: environment)
        } catch {
            let logger = Logger(label: "web")
            for problem in error.problems { logger.error("Wrong setting", [.error: .string(problem.description)]) }
            return ConfigurationError.exitCode
        }
        let logger = configuration.log.logger("web")
        do {
            let service = try WebService(configuration: configuration, logger: logger)
            let stage = Stage("web", shutdownLimit: .seconds(20), services: [service])
            return ServiceGroup(logger: logger, stages: [stage]).run()
        } catch {
            logger.error("Wrong settings", [.error: LogValue(error)])
            return ConfigurationError.exitCode
        }
    }
}
