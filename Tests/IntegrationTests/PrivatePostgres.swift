import TemporaryFolders
import Glibc
import Postgres
import TestSupport
import Testing

/// A PostgreSQL that a test may stop and freeze: a folder of its own, and a free port on the loopback interface.
final class PrivatePostgres {
    static let programs = "/usr/lib/postgresql/15/bin"
    static var isInstalled: Bool { TestEnvironment.has(program: "\(programs)/initdb") }

    let configuration: PostgresConfiguration
    private let folder: String
    private let place = TemporaryFolder()
    private let port: Int

    init() throws {
        folder = place.path
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

    /// Sends a signal to every process of the server.
    func signal(_ number: Int32) throws {
        let pid = try #require(PrivateBroker.read("\(folder)/data/postmaster.pid"))
        try run("kill -\(number) \(pid) $(pgrep -P \(pid))", asServer: false)
    }

    func end() throws {
        try signal(SIGCONT)
        try stop()
        place.remove()
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
