import Testing

@testable import Postgres

@Suite struct PostgresConfigurationTests {
    @Test func `a configuration never shows user or password`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgresql://someone:hunter2@db.example:5433/observer?sslmode=require",
            applicationName: "test"
        )
        #expect("\(configuration)" == "db.example:5433/observer")
        #expect(!configuration.address.contains("hunter2"))
    }

    @Test(arguments: [
        "", "mysql://h/db", "host=h dbname=d", "postgresql://h/db?nonsense=1",
    ])
    func `text that is no URL of PostgreSQL is refused without repeating it`(url: String) {
        #expect(throws: PostgresError(.configuration)) {
            try PostgresConfiguration(url: url, applicationName: "test")
        }
    }

    @Test func `the settings of the URL win over the defaults`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgresql:///db?host=/run/x&connect_timeout=9",
            applicationName: "test"
        )
        #expect(configuration.settings.filter { $0.keyword == "connect_timeout" }.map(\.value) == ["9"])
        #expect(configuration.settings.contains { $0.keyword == "tcp_user_timeout" && $0.value == "5000" })
        #expect(configuration.with(database: "other").address == "/run/x:5432/other")
    }

    @Test(arguments: [
        ("postgresql://u@db.example/d", "verify-full", true), ("postgresql://u@10.0.0.7/d", "verify-full", true),
        ("postgresql://u@127.0.0.1,db.example/d", "verify-full", true),
        ("postgresql://u@db.example/d?sslmode=disable", "disable", false),
        ("postgresql://u@db.example/d?sslmode=require", "require", false),
        ("postgresql://u@db.example/d?sslmode=verify-ca", "verify-ca", true),
        ("postgresql://u@127.0.0.1/d", nil, false), ("postgresql://u@localhost/d", nil, false),
        ("postgresql:///d?host=/run/x", nil, false), ("postgresql:///d", nil, false),
    ])
    func `another host is reached by verified TLS, unless the URL says otherwise`(
        url: String,
        mode: String?,
        hasAuthorities: Bool
    ) throws {
        let settings = try PostgresConfiguration(url: url, applicationName: "test").settings
        #expect(settings.last { $0.keyword == "sslmode" }?.value == mode)
        #expect(settings.contains { $0.keyword == "sslrootcert" } == hasAuthorities)
    }

    @Test func `a session begins with statements and no start-up options, which poolers refuse`() throws {
        let configuration = try PostgresConfiguration(url: "postgresql:///db", applicationName: "test")
        #expect(!configuration.settings.contains { $0.keyword == "options" })
        #expect(configuration.sessionSettings.contains("statement_timeout"))
        let given = try PostgresConfiguration(url: "postgresql:///db?options=-c%20jit%3Doff", applicationName: "test")
        #expect(given.sessionSettings.isEmpty)
    }
}
