import TemporaryFolders
import AMQP
import Glibc
import TestSupport
import Testing

/// A RabbitMQ that a test may kill: on the loopback interface, free ports, and a folder of its own.
final class PrivateBroker {
    static let program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    static var isInstalled: Bool { TestEnvironment.has(program: program) }

    let configuration: AMQPConfiguration
    private let folder: String
    private let place = TemporaryFolder()
    private let ports: [Int]
    private var shell: pid_t = 0

    init() throws {
        folder = place.path
        ports = try (0..<4).map { _ in try FreePort.next() }
        configuration = try AMQPConfiguration(url: "amqp://observer:secret@127.0.0.1:\(ports[0])")
        try start()
    }

    /// Starts the broker on the same data and waits until it answers.
    func start() throws {
        let script = """
            cd \(folder) && mkdir -p mnesia log && echo '[].' > plugins
            [ -f key.pem ] || openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \\
                -subj /CN=localhost -addext subjectAltName=DNS:localhost > /dev/null 2>&1
            printf 'listeners.tcp.1 = 127.0.0.1:\(ports[0])\\ndefault_user = observer\\ndefault_pass = secret\\n' > rabbit.conf
            printf 'listeners.ssl.1 = 127.0.0.1:\(ports[3])\\nssl_options.certfile = \(folder)/cert.pem\\n' >> rabbit.conf
            printf 'ssl_options.keyfile = \(folder)/key.pem\\nssl_options.verify = verify_none\\n' >> rabbit.conf
            export HOME=\(folder) RABBITMQ_NODENAME=t\(ports[0])@localhost RABBITMQ_CONFIG_FILE=\(folder)/rabbit
            export RABBITMQ_MNESIA_BASE=\(folder)/mnesia RABBITMQ_LOG_BASE=\(folder)/log RABBITMQ_PID_FILE=\(folder)/pid
            export RABBITMQ_ENABLED_PLUGINS_FILE=\(folder)/plugins RABBITMQ_DIST_PORT=\(ports[1])
            export RABBITMQ_CONF_ENV_FILE=/dev/null ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=\(ports[2])
            export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +sbwt none"
            exec \(Self.program) > out 2>&1 < /dev/null
            """
        shell = try Self.spawn(script)
        let isUp = poll(for: .seconds(90), every: .milliseconds(200)) {
            try AMQPConnection(configuration, name: "probe").close()
            return true
        }
        try #require(isUp, "the private broker did not start; see \(folder)/out")
    }

    /// Returns the URL of the TLS listener, whose certificate is self-signed for `localhost`.
    func secureConfiguration(host: String, isTrusted: Bool = true) throws -> AMQPConfiguration {
        let file = isTrusted ? "?cacertfile=\(folder)/cert.pem" : ""
        return try AMQPConfiguration(url: "amqps://observer:secret@\(host):\(ports[3])\(file)")
    }

    /// Kills the broker, as a power cut would.
    func kill9() throws {
        let pid = try #require(Self.read("\(folder)/pid").flatMap { pid_t($0) })
        kill(pid, SIGKILL)
        waitpid(shell, nil, 0)
        shell = 0
    }

    /// Runs rabbitmqctl.
    func control(_ arguments: String) throws {
        let script = """
            export HOME=\(folder) ERL_EPMD_PORT=\(ports[2]) RABBITMQ_CONF_ENV_FILE=/dev/null
            exec /usr/lib/rabbitmq/bin/rabbitmqctl -q -n t\(ports[0])@localhost \(arguments) > \(folder)/ctl 2>&1
            """
        var status: Int32 = 0
        waitpid(try Self.spawn(script), &status, 0)
        try #require(status == 0, "rabbitmqctl \(arguments): \(Self.read("\(folder)/ctl") ?? "")")
    }

    func end() throws {
        if shell != 0 { try kill9() }
        let script = """
            export ERL_EPMD_PORT=\(ports[2])
            for i in 1 2 3 4 5 6 7 8 9 10; do epmd -port \(ports[2]) -kill && break; sleep 0.5; done > /dev/null 2>&1
            """
        waitpid(try Self.spawn(script), nil, 0)
        place.remove()
    }

    static func spawn(_ script: String) throws -> pid_t {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = ["/bin/bash", "-c", script].map { (text: String) in strdup(text)
        }
        arguments.append(nil)
        defer { arguments.forEach { free($0) } }
        // Signals that this process blocks, or that whoever started it ignores, are to reach the program.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, usual) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&usual)
        for signal in [SIGHUP, SIGINT, SIGTERM] { sigaddset(&usual, signal) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let status = posix_spawn(&pid, "/bin/bash", nil, &attributes, arguments, environ)
        try #require(status == 0)
        return pid
    }

    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").first.map(String.init)
    }
}
