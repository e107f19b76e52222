package import AMQP
package import Crypto
package import ObserverCore
package import Postgres
package import S3

/// The settings of `observer-web`.
package struct WebConfiguration: ProgramConfiguration {
    package static let program = Program.web

    /// The longest path that fits into `sockaddr_un` (unix(7)).
    private static let socketPathLimit = 107

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
    package let sealingKey: SealingKey
    package let networks: NetworkPolicy
    /// The unix socket on which nginx finds the responder.
    package let socket: String
    /// The number of requests answered at the same time; each thread has a database connection of its own.
    package let threads: Int
    /// The folder of the templates.
    package let templates: String
    /// The spool, if it is on this machine: segments are served from it until S3 has them.
    package let spool: String?
    /// The address people use; `https` makes cookies secure.
    package let publicURL: PublicURL?
    /// The segment length of a new camera that names none, in seconds.
    package let segmentSeconds: Int

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
        let key = reader.sealingKey()
        let stores = [endpoint].compactMap { $0 } + destinations.endpoints
        networks = reader.networks(
            without: SettingsReader.ownServers(database: database, broker: broker, stores: stores)
        )
        socket = reader.path(.fastCGISocket)
        if socket.utf8.count > Self.socketPathLimit { reader.reject(socket, for: .fastCGISocket) }
        threads = reader.integer(.webThreads)
        templates = reader.path(.templates)
        // Other than recorder and uploader, pages work on a machine without a spool.
        let spool = reader.given(.spool)
        if let spool, !spool.hasPrefix("/") { reader.reject(spool, for: .spool) }
        self.spool = spool
        publicURL = reader.publicURL()
        segmentSeconds = reader.integer(.segmentSeconds)
        try reader.check()
        guard let database, let broker, let s3, let key else { throw ConfigurationError(problems: []) }
        (self.database, self.broker, self.s3, sealingKey) = (database, broker, s3, key)
    }
}
