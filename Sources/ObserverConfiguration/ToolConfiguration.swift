package import AMQP
package import Postgres
package import S3

/// The settings of `observerctl`, each read when a command needs it.
package struct ToolConfiguration: Sendable {
    private let environment: [String: String]

    package init(environment: [String: String]) {
        self.environment = environment
    }

    package func database() throws(ConfigurationError) -> PostgresConfiguration {
        try need { $0.database(for: .tool) }
    }

    package func broker() throws(ConfigurationError) -> AMQPConfiguration {
        try need { $0.broker() }
    }

    package func s3() throws(ConfigurationError) -> S3Configuration {
        try need { reader in
            let endpoint = reader.endpoint()
            return reader.s3(at: endpoint)
        }
    }

    /// The file of the authorities that may vouch for the store; nil for the system's.
    package func certificates() throws(ConfigurationError) -> String? {
        try read { $0.certificates() }
    }

    /// All destinations, home first.
    package func destinations() throws(ConfigurationError) -> [DestinationConfiguration] {
        try readDestinations().all
    }

    /// The number of destinations that must have a segment.
    package func copies() throws(ConfigurationError) -> Int {
        try readDestinations().copies
    }

    private func readDestinations() throws(ConfigurationError) -> SettingsReader.Destinations {
        try read { reader in
            let endpoint = reader.endpoint()
            let home = reader.s3(at: endpoint)
            return reader.destinations(home: home, certificates: reader.certificates())
        }
    }

    /// The beginning of every object key.
    package func prefix() throws(ConfigurationError) -> String {
        try read { $0.prefix() }
    }

    package func spool() throws(ConfigurationError) -> String {
        try read { $0.path(.spool) }
    }

    /// The value of a setting; nil if none is given.
    package func given(_ setting: Setting) throws(ConfigurationError) -> String? {
        try read { $0.given(setting) }
    }

    /// Returns true if a setting has a value, of its own or in a file.
    package func has(_ setting: Setting) -> Bool {
        !(environment[setting.name] ?? "").isEmpty || !(environment["\(setting.name)_FILE"] ?? "").isEmpty
    }

    private func need<Value>(_ body: (inout SettingsReader) -> Value?) throws(ConfigurationError) -> Value {
        guard let value = try read(body) else { throw ConfigurationError(problems: []) }
        return value
    }

    private func read<Value>(_ body: (inout SettingsReader) -> Value) throws(ConfigurationError) -> Value {
        var reader = SettingsReader(environment)
        let value = body(&reader)
        try reader.check()
        return value
    }
}
