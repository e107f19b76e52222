package import Lifecycle
package import Logging

/// Runs a program from its environment to its exit code, until SIGTERM or SIGINT.
///
/// - Parameters:
///   - configuration: The settings to read.
///   - environment: Where they are read from.
///   - stages: Composes the services of the program; may throw a `ConfigurationError` as well.
/// - Returns: 0 after a signal, 1 after a failure, 78 (EX_CONFIG) if a setting is wrong, or leads to a pooler that cannot be used.
package func runProgram<Configuration: ProgramConfiguration>(
    _ configuration: Configuration.Type,
    environment: [String: String] = ProcessEnvironment.current(),
    stages: (Configuration, Logger) throws -> [Stage]
) -> Int32 {
    let logger = LogConfiguration(lenient: environment).logger(Configuration.program.label)
    let composed: [Stage]
    let database: DatabaseCheck
    do {
        let configuration = try Configuration(environment: environment)
        database = DatabaseCheck(configuration.database)
        composed = try stages(configuration, logger)
    } catch let error as ConfigurationError {
        for problem in error.problems {
            logger.error("Wrong setting", [.settingName: .string(problem.name), .error: .string("\(problem)")])
        }
        return ConfigurationError.exitCode
    } catch {
        logger.error("Start failed", [.error: LogValue(error)])
        return 1
    }
    let check = Stage("database check", shutdownLimit: .seconds(3), services: [database])
    let code = ServiceGroup(logger: logger, stages: [check] + composed).run()
    return database.isRefused ? ConfigurationError.exitCode : code
}
