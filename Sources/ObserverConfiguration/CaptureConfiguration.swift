package import AMQP
package import Crypto
package import ObserverCore
package import Postgres

/// The settings of `observer-capture`.
package struct CaptureConfiguration: ProgramConfiguration {
    package static let program = Program.capture

    package let log: LogConfiguration
    package let database: PostgresConfiguration
    package let broker: AMQPConfiguration
    package let sealingKey: SealingKey
    package let networks: NetworkPolicy
    /// Servers where no camera may be, whatever `networks` allows; those with a name are looked up while running.
    package let ownServers: [NetworkPolicy.Server]
    /// The folder of the spool.
    package let spool: String
    /// The name of this recorder; no two that run share one.
    package let recorder: String
    /// The beginning of every object key.
    package let prefix: String
    /// The time between two snapshots of a camera; nil for no snapshots.
    package let snapshotInterval: Duration?

    /// Where live pictures are served; nil for nowhere.
    package let live: LiveListen?

    package init(environment: [String: String]) throws(ConfigurationError) {
        var reader = SettingsReader(environment)
        log = reader.log()
        let database = reader.database(for: Self.program)
        let broker = reader.broker()
        let stores = reader.endpoints()
        let key = reader.sealingKey()
        ownServers = SettingsReader.ownServers(database: database, broker: broker, stores: stores)
        networks = reader.networks(without: ownServers)
        spool = reader.path(.spool)
        recorder = reader.recorder()
        live = reader.live(of: recorder)
        prefix = reader.prefix()
        let seconds = reader.integer(.snapshotSeconds)
        snapshotInterval = seconds > 0 ? .seconds(seconds) : nil
        try reader.check()
        guard let database, let broker, let key else { throw ConfigurationError(problems: []) }
        (self.database, self.broker, sealingKey) = (database, broker, key)
    }
}
