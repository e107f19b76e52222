import Glibc
import Postgres
import System
import TestSupport
import Testing

@Suite(
    .enabled(if: TestEnvironment.has(.database) && PrivatePostgres.isInstalled),
    .serialized,
    .timeLimit(.minutes(4))
)
struct PostgresFaultTests {
    @Test func `a server that restarts is used again, and work that was cut off is not half done`() throws {
        let server = try PrivatePostgres()
        defer { #expect(throws: Never.self) { try server.end() } }
        let connection = PostgresConnection(server.configuration)
        try connection.execute("create table t (id int)", within: .seconds(10))
        try connection.execute("insert into t values (1)")

        try server.stop()
        let error = #expect(throws: PostgresError.self) { try connection.execute("insert into t values (2)") }
        #expect(error?.kind == .unavailable && error?.isTemporary == true)

        try server.start()
        #expect(poll { try connection.execute("insert into t values (3)") == 1 })
        #expect(try connection.rows("select id from t order by id", as: (Int).self) == [1, 3])
    }

    @Test func `a server that freezes costs each call its deadline, and is used again when it thaws`() throws {
        let server = try PrivatePostgres()
        defer { #expect(throws: Never.self) { try server.end() } }
        let connection = PostgresConnection(server.configuration)
        #expect(try connection.rows("select 1", as: (Int).self, within: .seconds(10)) == [1])

        try server.signal(SIGSTOP)
        for _ in 0..<3 {
            let start = MonotonicInstant.now()
            let error = #expect(throws: PostgresError.self) { try connection.execute("select 1") }
            #expect(error?.isTemporary == true)
            #expect(MonotonicInstant.now() - start < .seconds(3))
        }
        try server.signal(SIGCONT)
        #expect(poll { try connection.rows("select 1", as: (Int).self) == [1] })
    }
}
