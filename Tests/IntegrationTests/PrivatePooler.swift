import Glibc
import Postgres
import TemporaryFolders
import TestSupport
import Testing

/// A PgBouncer before the database of a test, on a free port of the loopback interface.
final class PrivatePooler {
    static let program = "/usr/sbin/pgbouncer"
    static var isInstalled: Bool { TestEnvironment.has(program: program) }

    private let place = TemporaryFolder()
    private let port: Int
    private var pid: pid_t = 0
    private let user: String
    private let target: String
    private let more: String
    /// The URL that leads through it.
    let url: String

    /// Starts it.
    ///
    /// - Parameters:
    ///   - database: The database behind it.
    ///   - mode: `session`, `transaction` or `statement`.
    ///   - more: Further settings, one a line.
    /// - Throws: When the address of the database cannot be read, or it does not start.
    init(before database: TestDatabase, mode: String, more: String = "") throws {
        // postgresql://user:password@host:port/name
        let parts = database.url.split { ":/@?".contains($0) }.map { String($0) }
        try #require(parts.count >= 6)
        user = "\"\(parts[1])\" \"\(parts[2])\"\n"
        target = "\(parts[5]) = host=\(parts[3]) port=\(parts[4]) dbname=\(parts[5])"
        port = try FreePort.next()
        self.more = more
        url = "postgresql://\(parts[1]):\(parts[2])@127.0.0.1:\(port)/\(parts[5])"
        try write("users", user)
        try configure(mode)
        // It refuses root, and must read a folder of the test's.
        if getuid() == 0 { try #require(Self.shell("chmod 0755 \(place.path) && chmod 0644 \(place.path)/*") == 0) }
        let drop = getuid() == 0 ? "setpriv --reuid=nobody --regid=nogroup --clear-groups " : ""
        pid = try PrivateBroker.spawn(
            "exec \(drop)\(Self.program) \(place.path)/conf > \(place.path)/log 2>&1 < /dev/null"
        )
        let isReady = poll(for: .seconds(10)) {
            try Self.shell("(exec 3<>/dev/tcp/127.0.0.1/\(port)) 2> /dev/null") == 0
        }
        try #require(isReady, "PgBouncer does not answer; see \(place.path)/log")
    }

    /// Writes another mode, which holds from the next signal on, also for clients that are there.
    func change(to mode: String) throws {
        try configure(mode)
        kill(pid, SIGHUP)
    }

    deinit {
        if pid > 0 {
            // After SIGINT it would wait for its clients, and then hear no SIGTERM; it keeps nothing.
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        place.remove()
    }

    private func configure(_ mode: String) throws {
        try write(
            "conf",
            """
            [databases]
            \(target)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = \(place.path)/users
            pool_mode = \(mode)
            default_pool_size = 20
            max_client_conn = 200
            server_idle_timeout = 5
            \(more)

            """
        )
    }

    private func write(_ name: String, _ text: String) throws {
        let file = try #require(fopen("\(place.path)/\(name)", "w"))
        defer { fclose(file) }
        fputs(text, file)
    }

    private static func shell(_ script: String) throws -> Int32 {
        var status: Int32 = 0
        waitpid(try PrivateBroker.spawn(script), &status, 0)
        return status
    }
}
