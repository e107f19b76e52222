import AMQP
import Crypto
import Glibc
import ObserverConfiguration
import S3
import System
import TestSupport
import Testing

/// A running `observer-upload`.
final class UploadBinary {
    static var path: String { "\(TestEnvironment.repository)/.build/debug/observer-upload" }
    static var isBuilt: Bool { TestEnvironment.has(program: path) }

    private let pid: pid_t
    private let logPath: String
    /// Where its part of the log begins: the lives of a spool write one after the other.
    private let logStart: Int
    private var hasEnded = false

    init(
        _ harness: UploadHarness,
        endpoint: String? = nil,
        hasBucket: Bool = true,
        crashAt point: CrashPoints.Point? = nil,
        more: [String: String] = [:]
    ) throws {
        let s3 = try harness.s3(endpoint: endpoint, hasBucket: hasBucket)
        let key = try harness.accessKey()
        let broker = try TestEnvironment.address(of: .amqp)
        let others = more.map { "export \($0.key)='\($0.value)'" }.joined(separator: "\n")
        let script = """
            \(others)
            export OBSERVER_SPOOL='\(harness.folder)' OBSERVER_DATABASE_URL='\(try harness.database.url(as: "upload"))'
            export OBSERVER_AMQP_URL='\(broker)' OBSERVER_S3_BUCKET='\(s3.bucket)' OBSERVER_RETRY_SECONDS=1,1
            export AWS_ACCESS_KEY_ID='\(key.accessKeyID)' AWS_SECRET_ACCESS_KEY='\(key.secretAccessKey.expose())'
            export AWS_ENDPOINT_URL_S3='\(s3.place.scheme)://\(s3.place.authority)' OBSERVER_CRASH_AT='\(point?.rawValue ?? "")'
            exec '\(Self.path)' < /dev/null 2>> '\(harness.folder).log'
            """
        logPath = "\(harness.folder).log"
        logStart = (try? File.contents(of: logPath).count) ?? 0
        pid = try PrivateBroker.spawn(script)
    }

    deinit {
        guard !hasEnded else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Waits for the end.
    ///
    /// - Returns: The signal that killed it and its exit code; nil if it still runs.
    func outcome(within limit: Duration) -> (signal: Int32, code: Int32)? {
        var status: Int32 = 0
        let isOver = poll(for: limit) { waitpid(pid, &status, WNOHANG) == pid }
        guard isOver else { return nil }
        hasEnded = true
        return (status & 0x7F, (status >> 8) & 0xFF)
    }

    /// Its log so far.
    var log: String {
        let bytes = try? File.contents(of: logPath)
        return String(decoding: (bytes ?? []).dropFirst(logStart), as: UTF8.self)
    }

    /// True once it works: a signal that comes before ends it as it ends any program.
    var isAtWork: Bool { log.contains("Broker connected") }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Stops it as a supervisor does.
    func terminate() {
        send(SIGTERM)
        let outcome = outcome(within: .seconds(60))
        #expect(outcome?.signal == 0 && outcome?.code == 0, "\(log)")
    }
}
