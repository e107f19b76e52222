/// The server to connect to, and the time that calls may take.
public struct PostgresConfiguration: Sendable {
    /// The time for a call that has no deadline of its own, connecting included.
    ///
    /// The server itself ends statements after 5 s; one that may take longer sets `statement_timeout` in its transaction.
    public var deadline: Duration
    /// The time for which calls fail at once (`unavailable`) after a failed attempt to connect, so that callers do not all
    /// wait for a server that is away, nor flood it.
    public var reconnectInterval: Duration
    /// libpq's keywords with their values, the password among them.
    let settings: [(keyword: String, value: String)]
    /// The statements that a session begins with; empty where the URL has `options` of its own.
    let sessionSettings: String

    /// Reads a connection URL (PostgreSQL manual, "PostgresConnection URIs").
    ///
    /// - Parameters:
    ///   - url: `postgresql://user:password@host:port/database`; a socket directory as `?host=/run/postgresql`. Parts that
    ///     the URL leaves out have libpq's defaults.
    ///   - applicationName: The name that `pg_stat_activity` shows.
    ///   - deadline: The time for a call.
    ///   - reconnectInterval: The pause after a failed attempt to connect.
    /// - Throws: ``PostgresError`` of kind `configuration` if libpq cannot read the URL, which is not part of the error.
    public init(
        url: String,
        applicationName: String,
        deadline: Duration = .seconds(3),
        reconnectInterval: Duration = .milliseconds(500)
    ) throws(PostgresError) {
        self.deadline = deadline
        self.reconnectInterval = reconnectInterval
        let given = try Self.parse(url)
        let defaults = Self.defaults(applicationName: applicationName) + Self.encryption(of: given)
        var settings = defaults.filter { given[$0.keyword] == nil }
        settings += given.sorted { $0.key < $1.key }.map { (keyword: $0.key, value: $0.value) }
        self.settings = settings
        sessionSettings = given["options"] == nil ? Self.sessionSettings : ""
    }

    /// Returns the configuration of another database of the same server; for tools and tests that create one.
    public func with(database: String) -> PostgresConfiguration {
        PostgresConfiguration(
            base: self,
            settings: settings.filter { $0.keyword != "dbname" } + [("dbname", database)]
        )
    }

    private init(base: PostgresConfiguration, settings: [(keyword: String, value: String)]) {
        deadline = base.deadline
        reconnectInterval = base.reconnectInterval
        self.settings = settings
        sessionSettings = base.sessionSettings
    }

    /// Host and port of each server in the URL, without those that are reached by a socket in the file system.
    public var servers: [(host: String, port: Int)] {
        func values(_ keyword: String) -> [Substring] {
            settings.last { $0.keyword == keyword }?.value.split(separator: ",", omittingEmptySubsequences: false) ?? []
        }
        let addresses = values("hostaddr")
        let ports = values("port").map { Int($0) ?? 5432 }
        return (addresses.isEmpty ? values("host") : addresses).enumerated().compactMap { index, host in
            guard !host.isEmpty, !host.hasPrefix("/"), !host.hasPrefix("@") else { return nil }
            return (String(host), index < ports.count ? ports[index] : ports.last ?? 5432)
        }
    }

    /// Host, port and database for a message to an operator; never user or password.
    public var address: String {
        func value(_ keyword: String) -> String? { settings.last { $0.keyword == keyword }?.value }
        return "\(value("host") ?? "local socket"):\(value("port") ?? "5432")/\(value("dbname") ?? "")"
    }

    /// The settings of a session, by statements: poolers refuse a start with `options`.
    ///
    /// The server's own limits end statements that a client gave up on. A statement is planned once per session
    /// (`force_generic_plan`): the statements are the program's own and read by index, and planning them for each value takes
    /// longer than most of them run. They are too small for the just-in-time compiler.
    private static let sessionSettings = """
        set statement_timeout = '5s'; set lock_timeout = '2s'; set idle_in_transaction_session_timeout = '10s'; \
        set TimeZone = 'UTC'; set plan_cache_mode = force_generic_plan; set jit = off;
        """

    /// Returns the settings that the URL may override.
    ///
    /// Keepalives and `tcp_user_timeout` find a peer that is gone. Neither notices a server that is frozen, which is why every
    /// call has a deadline.
    private static func defaults(applicationName: String) -> [(keyword: String, value: String)] {
        [
            ("application_name", applicationName),
            ("client_encoding", "UTF8"),
            ("connect_timeout", "3"),
            ("keepalives_idle", "5"),
            ("keepalives_interval", "2"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "5000"),
            ("target_session_attrs", "read-write"),
        ]
    }

    /// Returns the settings that keep a connection to another host from being read or answered by somebody else: verified TLS.
    ///
    /// `sslmode` in the URL overrides it, for a network that is trusted. The authorities are those of the system, because libpq
    /// by itself looks in the home of the user alone.
    private static func encryption(of given: [String: String]) -> [(keyword: String, value: String)] {
        let addresses = given["hostaddr"] ?? given["host"] ?? ""
        let isLocal = addresses.split(separator: ",").allSatisfy { host in
            host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" || host == "::1" || host.hasPrefix("127.")
        }
        if isLocal { return [] }
        return [("sslmode", "verify-full"), ("sslrootcert", "/etc/ssl/certs/ca-certificates.crt")].filter { setting in
            // Authorities make `require` a stricter mode: whoever chose that one does not get it.
            setting.0 != "sslrootcert" || given["sslmode"].map { $0.hasPrefix("verify") } ?? true
        }
    }

    private static func parse(_ url: String) throws(PostgresError) -> [String: String] {
        // PQconninfoParse also takes "keyword=value" text, in which a mistyped URL would become something else.
        guard url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") else {
            throw PostgresError(.configuration)
        }
        guard let given = PQConnectionOptions(url: url)?.values else { throw PostgresError(.configuration) }
        // libpq checks ports only when it connects.
        let ports = given["port"]?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        guard ports.allSatisfy({ $0.isEmpty || Int($0).map { (1...65_535).contains($0) } == true }) else {
            throw PostgresError(.configuration)
        }
        return given
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
    /// The address; never user or password.
    public var description: String { address }

    /// The address alone: a dump must not show the password.
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
