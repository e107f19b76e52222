package import Postgres

/// The settings of one program, all of them read at the start.
package protocol ProgramConfiguration: Sendable {
    static var program: Program { get }

    var log: LogConfiguration { get }
    var database: PostgresConfiguration { get }

    /// Reads the settings.
    ///
    /// - Throws: Every wrong setting at once.
    init(environment: [String: String]) throws(ConfigurationError)
}
