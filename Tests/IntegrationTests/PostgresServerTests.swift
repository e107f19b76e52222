import System
import Glibc
import Postgres
import TestSupport
import Testing

/// A PostgreSQL of one test's own, which may be stopped and frozen: a folder under /tmp, a free port on loopback.
private final class PrivateServer {
    static let programs = "/usr/lib/postgresql/15/bin"
    static var isInstalled: Bool { TestEnvironment.has(program: "\(programs)/initdb") }

    let configuration: PostgresConfiguration
    private let folder: String
    private let port: Int

    init() throws {
        var template = Array("/tmp/observer-postgres-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        port = try FreePort.next()
        configuration = try PostgresConfiguration(
            url: "postgresql://postgres@127.0.0.1:\(port)/postgres",
            applicationName: "tests",
            deadline: .seconds(1),
            reconnectInterval: .milliseconds(50)
        )
        // The server refuses to run as root.
        if getuid() == 0 { try run("chown postgres \(folder)", asServer: false) }
        try run("\(Self.programs)/initdb -D \(folder)/data -A trust -U postgres --no-sync")
        try start()
    }

    func start() throws {
        let options = "-p \(port) -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        try run("\(Self.programs)/pg_ctl -D \(folder)/data -w -t 60 -l \(folder)/server.log -o '\(options)' start")
    }

    func stop() throws {
        try run("\(Self.programs)/pg_ctl -D \(folder)/data -w -m immediate stop")
    }

    /// Stops every process of the server where it stands, or lets them go on.
    func signal(_ number: Int32) throws {
        let pid = try #require(PrivateBroker.read("\(folder)/data/postmaster.pid"))
        try run("kill -\(number) \(pid) $(pgrep -P \(pid))", asServer: false)
    }

    func end() throws {
        try signal(SIGCONT)
        try stop()
        try run("rm -rf \(folder)", asServer: false)
    }

    private func run(_ script: String, asServer: Bool = true) throws {
        let user = asServer && getuid() == 0 ? "runuser -u postgres -- " : ""
        let script = "cd / && \(user)\(script) >> \(folder).out 2>&1 < /dev/null"
        var status: Int32 = 0
        waitpid(try PrivateBroker.spawn(script), &status, 0)
        try #require(status == 0, "\(script) failed; see \(folder).out")
        unlink("\(folder).out")
    }
}

@Suite(
    .enabled(if: TestEnvironment.has(.database) && PrivateServer.isInstalled),
    .serialized,
    .timeLimit(.minutes(4))
)
struct PostgresServerTests {
    @Test func `a server that restarts is used again, and work that was cut off is not half done`() throws {
        let server = try PrivateServer()
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
        let server = try PrivateServer()
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
