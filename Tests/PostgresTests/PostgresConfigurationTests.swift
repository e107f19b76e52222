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
}
