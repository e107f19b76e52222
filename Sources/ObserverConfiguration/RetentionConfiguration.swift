package import Postgres
package import S3

/// The settings of `observer-retention`.
package struct RetentionConfiguration: ProgramConfiguration {
    package static let program = Program.retention

    package let log: LogConfiguration
    package let database: PostgresConfiguration
    /// The store of home.
    package let s3: S3Configuration
    /// The beginning of every object key.
    package let prefix: String
    /// The file of authorities for the store's certificate; nil for the system's.
    package let certificates: String?
    /// All destinations, home first.
    package let destinations: [DestinationConfiguration]
    /// The number of destinations that must have a segment.
    package let copies: Int
    /// The treatment of old versions in a bucket that keeps them.
    package let versions: S3VersionPolicy

    package init(environment: [String: String]) throws(ConfigurationError) {
        var reader = SettingsReader(environment)
        log = reader.log()
        let database = reader.database(for: Self.program)
        let endpoint = reader.endpoint()
        let s3 = reader.s3(at: endpoint)
        prefix = reader.prefix()
        certificates = reader.certificates()
        let destinations = reader.destinations(home: s3, certificates: certificates)
        (self.destinations, copies) = (destinations.all, destinations.copies)
        versions = reader.word(.versions, as: S3VersionPolicy.self) ?? .delete
        try reader.check()
        guard let database, let s3 else { throw ConfigurationError(problems: []) }
        (self.database, self.s3) = (database, s3)
    }
}
