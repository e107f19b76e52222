package import AMQP
package import ObserverCore
package import Postgres
package import S3

/// The settings of `observer-upload`.
package struct UploadConfiguration: ProgramConfiguration {
    package static let program = Program.upload

    package let log: LogConfiguration
    package let database: PostgresConfiguration
    package let broker: AMQPConfiguration
    /// The store of home.
    package let s3: S3Configuration
    /// The file of the authorities that may vouch for the store; nil for the system's.
    package let certificates: String?
    /// All destinations, home first.
    package let destinations: [DestinationConfiguration]
    /// The number of destinations that must have a segment.
    package let copies: Int
    /// The time for which a destination may take nothing before the next one takes its place.
    package var fallbackTime: Duration
    /// The beginning of every object key.
    package let prefix: String
    /// The folder of the spool.
    package let spool: String
    /// The name under which people know this uploader: that of the recorder beside it.
    package let name: String
    /// The time between two reports to the database.
    package var reportInterval: Duration = .seconds(5)
    /// The time without a report after which another uploader may have the spool.
    package var claimLease: Duration = .seconds(30)
    /// The time between two looks for segments that are to be copied home.
    package var copyInterval: Duration = .seconds(60)
    /// The number of uploads under way at the same time, at most.
    package let parallel: Int
    /// The bandwidth that uploads may use together.
    package let rate: UploadRate
    /// The zone of the times in it.
    package let zone: TimeZoneRules
    /// The time between two sweeps of the spool.
    package var sweepInterval: Duration
    /// The pauses before the second and the third try of a refused upload.
    package var retryPauses: [Duration]
    package let crashPoints: CrashPoints

    package init(environment: [String: String]) throws(ConfigurationError) {
        var reader = SettingsReader(environment)
        log = reader.log()
        let database = reader.database(for: Self.program)
        let broker = reader.broker()
        let endpoint = reader.endpoint()
        let s3 = reader.s3(at: endpoint)
        certificates = reader.certificates()
        let destinations = reader.destinations(home: s3, certificates: certificates)
        (self.destinations, copies) = (destinations.all, destinations.copies)
        fallbackTime = .seconds(reader.integer(.fallbackSeconds))
        prefix = reader.prefix()
        spool = reader.path(.spool)
        name = reader.recorder()
        parallel = reader.integer(.uploadParallel)
        rate = reader.uploadRate()
        zone = reader.timeZone()
        sweepInterval = .seconds(reader.integer(.sweepSeconds))
        retryPauses = reader.integers(.retrySeconds).map { .seconds($0) }
        crashPoints = CrashPoints(armed: reader.word(.crashPoint, as: CrashPoints.Point.self))
        try reader.check()
        guard let database, let broker, let s3 else { throw ConfigurationError(problems: []) }
        (self.database, self.broker, self.s3) = (database, broker, s3)
    }
}
