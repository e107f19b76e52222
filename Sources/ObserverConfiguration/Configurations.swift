package import AMQP
package import Crypto
package import ObserverCore
package import Postgres
package import S3

/// The settings of `observer-web`.
package struct WebConfiguration: Sendable {
    package let log: LogConfiguration
    package let database: PostgresConfiguration
    package let broker: AMQPConfiguration
    package let s3: S3Configuration
    package let sealingKey: SealingKey
    package let networks: NetworkPolicy
    /// The unix socket on which nginx finds the responder.
    package let socket: String
    /// How many requests are answered at once; each thread has a database connection of its own.
    package let threads: Int
    /// The folder of the templates.
    package let templates: String
    /// The spool, where it is on this machine: segments are served from it until S3 has them.
    package let spool: String?
    /// The address people use; `https` makes cookies secure.
    package let publicURL: String?
    /// The length of segments that a new camera gets when nothing is said, in seconds.
    package let segmentSeconds: Int

    package init(environment: [String: String]) throws(ConfigurationError) {
        var settings = Settings(environment)
        log = settings.log()
        let database = settings.database("observer-web")
        let broker = settings.broker()
        let s3 = settings.s3()
        let key = settings.sealingKey()
        networks = settings.networks(own: settings.ownServers(database, broker))
        socket = settings.path(
            "OBSERVER_FASTCGI_SOCKET",
            "it is where nginx finds observer-web, such as /run/observer/web.sock"
        )
        if socket.utf8.count > 107 {
            settings.note("OBSERVER_FASTCGI_SOCKET", "is longer than the 107 bytes that a unix socket's path can have")
        }
        threads = settings.integer("OBSERVER_WEB_THREADS", in: 1...256, default: 12)
        templates = settings.path("OBSERVER_TEMPLATES", "it is the folder `templates` of the distribution")
        let spoolPath = settings.value("OBSERVER_SPOOL")
        if let spoolPath, !spoolPath.hasPrefix("/") { settings.note("OBSERVER_SPOOL", "must begin with /") }
        spool = spoolPath
        let url = settings.value("OBSERVER_PUBLIC_URL")
        if let url, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            settings.note("OBSERVER_PUBLIC_URL", "is \"\(url)\"; it must begin with http:// or https://")
        }
        publicURL = url
        segmentSeconds = settings.integer(
            "OBSERVER_SEGMENT_SECONDS",
            in: CameraSettings.segmentSecondsRange,
            default: CameraSettings().segmentSeconds
        )
        try settings.check()
        guard let database, let broker, let s3, let key else { throw ConfigurationError(problems: []) }
        (self.database, self.broker, self.s3) = (database, broker, s3)
        sealingKey = key
    }
}

/// The settings of `observer-capture`.
package struct CaptureConfiguration: Sendable {
    package let log: LogConfiguration
    package let database: PostgresConfiguration
    package let broker: AMQPConfiguration
    package let sealingKey: SealingKey
    package let networks: NetworkPolicy
    /// Where no camera may be, whatever `networks` says; those with a name are left to be looked up.
    package let ownServers: [NetworkPolicy.Server]
    package let spool: String
    /// The name of this recorder; no two that live have the same.
    package let node: String
    /// What object keys begin with.
    package let prefix: String
    /// How often a camera's snapshot is renewed, in seconds; 0 for never.
    package let snapshotSeconds: Int

    package init(environment: [String: String]) throws(ConfigurationError) {
        var settings = Settings(environment)
        log = settings.log()
        let database = settings.database("observer-capture")
        let broker = settings.broker()
        let key = settings.sealingKey()
        ownServers = settings.ownServers(database, broker)
        networks = settings.networks(own: ownServers)
        spool = settings.path("OBSERVER_SPOOL", "it is the folder for recordings on their way to S3")
        node = settings.node()
        prefix = settings.prefix()
        snapshotSeconds = settings.integer("OBSERVER_SNAPSHOT_SECONDS", in: 0...86_400, default: 30)
        try settings.check()
        guard let database, let broker, let key else { throw ConfigurationError(problems: []) }
        (self.database, self.broker) = (database, broker)
        sealingKey = key
    }
}

/// The settings of `observer-upload`.
package struct UploadConfiguration: Sendable {
    package let log: LogConfiguration
    package let database: PostgresConfiguration
    package let broker: AMQPConfiguration
    package let s3: S3Configuration
    package let spool: String
    /// How many uploads are under way at most.
    package let parallel: Int
    /// How often the spool is looked through, in seconds.
    package let sweepSeconds: Int
    /// The waits before the second and the third try, in seconds.
    package let retrySeconds: [Int]

    package init(environment: [String: String]) throws(ConfigurationError) {
        var settings = Settings(environment)
        log = settings.log()
        let database = settings.database("observer-upload")
        let broker = settings.broker()
        let s3 = settings.s3()
        spool = settings.path("OBSERVER_SPOOL", "it is the folder for recordings on their way to S3")
        parallel = settings.integer("OBSERVER_UPLOAD_PARALLEL", in: 1...256, default: 8)
        sweepSeconds = settings.integer("OBSERVER_SWEEP_SECONDS", in: 1...3600, default: 60)
        let text = settings.text("OBSERVER_RETRY_SECONDS", default: "5,30")
        let waits = text.split(separator: ",").compactMap { Int($0) }
        if waits.count != 2 || text.split(separator: ",").count != 2 || !waits.allSatisfy({ (1...3600).contains($0) }) {
            settings.note(
                "OBSERVER_RETRY_SECONDS",
                "is \"\(text)\"; it must be two numbers from 1 to 3600, such as 5,30"
            )
        }
        retrySeconds = waits
        try settings.check()
        guard let database, let broker, let s3 else { throw ConfigurationError(problems: []) }
        (self.database, self.broker, self.s3) = (database, broker, s3)
    }
}

/// The settings of `observerctl`, each read when a command needs it.
package struct ToolConfiguration: Sendable {
    private let environment: [String: String]

    package init(environment: [String: String]) {
        self.environment = environment
    }

    package func database() throws(ConfigurationError) -> PostgresConfiguration {
        try need { $0.database("observerctl") }
    }

    package func broker() throws(ConfigurationError) -> AMQPConfiguration {
        try need { $0.broker() }
    }

    package func s3() throws(ConfigurationError) -> S3Configuration {
        try need { $0.s3() }
    }

    /// What object keys begin with.
    package func prefix() throws(ConfigurationError) -> String {
        try read { $0.prefix() }
    }

    package func spool() throws(ConfigurationError) -> String {
        try read { $0.path("OBSERVER_SPOOL", "it is the folder for recordings on their way to S3") }
    }

    /// Whether a setting has a value, of its own or in a file.
    package func has(_ name: String) -> Bool {
        !(environment[name] ?? "").isEmpty || !(environment["\(name)_FILE"] ?? "").isEmpty
    }

    /// The value of a setting that a command reads besides these; nil where it has none.
    package func value(_ name: String) throws(ConfigurationError) -> String? {
        try read { $0.value(name) }
    }

    package func log() throws(ConfigurationError) -> LogConfiguration {
        try read { $0.log() }
    }

    private func need<Value>(_ body: (inout Settings) -> Value?) throws(ConfigurationError) -> Value {
        guard let value = try read(body) else { throw ConfigurationError(problems: []) }
        return value
    }

    private func read<Value>(_ body: (inout Settings) -> Value) throws(ConfigurationError) -> Value {
        var settings = Settings(environment)
        let value = body(&settings)
        try settings.check()
        return value
    }
}
