import Encodings
public import Postgres

import Crypto
import Glibc
import ObserverStore

/// A database of a test's own, dropped when the test lets go of it.
///
/// A migrated one is a copy of a template, which is made once per set of migrations and kept for later runs.
public final class TestDatabase: Sendable {
    /// Its name.
    public let name: String
    /// How to connect to it.
    public let configuration: PostgresConfiguration
    /// Its URL, for programs under test.
    public let url: String
    private let server: PostgresConfiguration

    /// Creates a database.
    ///
    /// - Parameter migrated: True for Observer's tables with partitions around the present; otherwise it is empty.
    /// - Throws: When no server is given, or what the server reports.
    public init(migrated: Bool = true) throws {
        let address = try TestEnvironment.address(of: .database)
        server = try PostgresConfiguration(url: address, applicationName: "tests", deadline: .seconds(30))
        let name = "observer_test_\(getpid())_\(UInt32.random(in: 0 ... .max))"
        let administrator = PostgresConnection(server)
        let template = migrated ? try Self.template(administrator) : "template0"
        try administrator.executeScript(unsafe: "create database \(name) template \(template)")
        self.name = name
        configuration = try PostgresConfiguration(url: address, applicationName: "tests").with(database: name)
        url = Self.url(address, database: name)
    }

    /// Creates a copy of another one as it is now; nobody may be connected to that, so its connections are ended.
    public init(copying other: TestDatabase) throws {
        server = other.server
        let name = "observer_test_\(getpid())_\(UInt32.random(in: 0 ... .max))"
        let administrator = PostgresConnection(server)
        try administrator.executeScript(
            unsafe: """
                select pg_terminate_backend(pid) from pg_stat_activity where datname = '\(other.name)'
                """
        )
        let isCopied = poll {
            try administrator.executeScript(unsafe: "create database \(name) template \(other.name)")
            return true
        }
        guard isCopied else { throw TestEnvironment.Missing(variable: other.name) }
        self.name = name
        configuration = try PostgresConfiguration(
            url: try TestEnvironment.address(of: .database),
            applicationName: "tests"
        ).with(database: name)
        url = Self.url(try TestEnvironment.address(of: .database), database: name)
    }

    deinit {
        do {
            try PostgresConnection(server).executeScript(unsafe: "drop database if exists \(name) with (force)")
        } catch {
            // Left behind on a server that is itself only for tests.
        }
    }

    /// A new connection to it.
    public func connect(deadline: Duration = .seconds(10)) -> PostgresConnection {
        var configuration = configuration
        configuration.deadline = deadline
        return PostgresConnection(configuration)
    }

    /// Its URL for the role of a service, which has the rights of that service alone.
    public func url(as service: String) throws -> String {
        guard let place = url.split(separator: "@").last else { throw TestEnvironment.Missing(variable: service) }
        return "postgresql://observer_\(service):\(service)@\(place)"
    }

    /// The migrations of the source tree.
    public static var migrationsDirectory: String { "\(TestEnvironment.repository)/sql/migrations" }

    /// Creates the template, unless a run with the same migrations has made it.
    ///
    /// Creating is not transactional, so a half-made one could be left behind: it is made under another name and renamed.
    /// The advisory lock keeps suites that run in parallel from each making it.
    private static func template(_ administrator: PostgresConnection) throws -> String {
        let migrations = try Migration.load(from: migrationsDirectory)
        let grants = try ServiceRoles.load(from: "\(TestEnvironment.repository)/sql/roles")
        let texts = migrations.flatMap(\.steps).map(\.checksum) + grants.map(\.text)
        let digest = SHA256.hex(texts.joined().utf8).prefix(16)
        let template = "observer_template_\(digest)"
        // Another suite may take longer to make it than a statement of the product may wait.
        try administrator.execute("set lock_timeout = 0")
        try administrator.execute("set statement_timeout = 0")
        try administrator.execute("select pg_advisory_lock(77)", within: .seconds(60))
        defer { administrator.close() }
        let existing = try administrator.rows(
            "select count(*) from pg_database where datname = \(template)",
            as: (Int).self
        )
        guard existing.first == 0 else { return template }
        let draft = "\(template)_draft"
        try administrator.executeScript(unsafe: "drop database if exists \(draft) with (force)")
        try administrator.executeScript(unsafe: "create database \(draft) template template0")
        do {
            let connection = PostgresConnection(administrator.configuration.with(database: draft))
            try Migrator(connection).migrate(migrations)
            try PartitionStore(connection).prepare()
            for name in ServiceRoles.names { try makeRole(name, connection) }
            _ = try ServiceRoles(connection).grant(grants)
        }
        // A closed session may take a moment to leave, and a database in use cannot be renamed.
        let isRenamed = poll {
            try administrator.executeScript(unsafe: "alter database \(draft) rename to \(template)")
            return true
        }
        guard isRenamed else { throw TestEnvironment.Missing(variable: template) }
        return template
    }

    /// Creates the role of a service, with its name as its password; roles belong to the whole server.
    private static func makeRole(_ name: String, _ connection: PostgresConnection) throws {
        let isMade = poll {
            try connection.executeScript(
                unsafe: """
                    do $$ begin create role observer_\(name) login;
                    exception when duplicate_object or unique_violation then null; end $$;
                    alter role observer_\(name) password '\(name)'
                    """
            )
            return true
        }
        guard isMade else { throw TestEnvironment.Missing(variable: "observer_\(name)") }
    }

    /// The URL with another database: its path is replaced.
    private static func url(_ address: String, database: String) -> String {
        let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let base = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        let query = parts.count > 1 ? "?\(parts[1])" : ""
        return base.prefix(3).joined(separator: "/") + "/\(database)" + query
    }
}
