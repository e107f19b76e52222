import AMQP
import Crypto
import Glibc
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverUpload
import S3
import Spool
import TestSupport
import Testing

/// The debug binary, killed at each step and started again.
@Suite(.enabled(if: UploadTrial.isPossible && UploadBinary.isBuilt), .serialized, .timeLimit(.minutes(5)))
struct UploadCrashTests {
    @Test(arguments: [
        CrashPoints.Point.beforePut, .afterPut, .afterReceipt, .afterRow, .afterDelete,
    ])
    func `a kill at any step of an upload costs nothing`(point: CrashPoints.Point) throws {
        let trial = try UploadTrial()
        let segments = try (0..<3).map { _ in try trial.record() }
        try trial.announce(segments.map { SegmentRecorded(segment: $0) })
        let dying = try UploadBinary(trial, crashAt: point)
        #expect(try dying.ended(within: .seconds(20)) == SIGKILL)
        let next = try UploadBinary(trial)
        let isStored = trial.areStored(segments)
        #expect(isStored)
        #expect(try trial.hasExactly(segments))
        // The sweep may have stored them before their messages came; those are acknowledged when they do.
        let connection = try AMQPConnection(trial.broker, name: "look")
        let queue = Broker.uploadQueue(host: trial.spool.host)
        #expect(poll(for: .seconds(20)) { try connection.messageCount(queue: queue) == 0 })
        try next.terminate()
        #expect(poll { try connection.messageCount(queue: queue) == 0 })
    }

    @Test(arguments: [CrashPoints.Point.afterRetry, .afterPark])
    func `a kill after a refusal loses neither the segment nor its tries' end`(point: CrashPoints.Point) throws {
        let trial = try UploadTrial()
        let segment = try trial.record()
        try trial.announce([SegmentRecorded(segment: segment)])
        let dying = try UploadBinary(trial, hasBucket: false, crashAt: point)
        #expect(try dying.ended(within: .seconds(20)) == SIGKILL)
        let next = try UploadBinary(trial, hasBucket: false)
        #expect(poll(for: .seconds(20)) { try trial.state(segment.id) == .failed })
        #expect(try trial.spool.mediaStatus(segment.id) != nil)
        try next.terminate()
        // A start tries everything that lies in the spool.
        let third = try UploadBinary(trial)
        let isStored = trial.areStored([segment])
        #expect(isStored)
        #expect(try trial.hasExactly([segment]))
        try third.terminate()
    }
}

/// A running `observer-upload`.
final class UploadBinary {
    static var path: String { "\(TestEnvironment.repository)/.build/debug/observer-upload" }
    static var isBuilt: Bool { TestEnvironment.has(program: path) }

    private let pid: pid_t
    private var hasEnded = false

    init(_ trial: UploadTrial, hasBucket: Bool = true, crashAt point: CrashPoints.Point? = nil) throws {
        let s3 = try trial.s3(hasBucket: hasBucket)
        let broker = try TestEnvironment.address(of: .amqp)
        let script = """
            export OBSERVER_SPOOL='\(trial.folder)' OBSERVER_DATABASE_URL='\(trial.database.url)'
            export OBSERVER_AMQP_URL='\(broker)' OBSERVER_S3_BUCKET='\(s3.bucket)' OBSERVER_RETRY_SECONDS=1,1
            export AWS_ACCESS_KEY_ID='\(s3.accessKeyID)' AWS_SECRET_ACCESS_KEY='\(s3.secretAccessKey.expose())'
            export AWS_ENDPOINT_URL_S3='\(s3.scheme)://\(s3.authority)' OBSERVER_CRASH_AT='\(point?.rawValue ?? "")'
            exec '\(Self.path)' < /dev/null 2>> '\(trial.folder).log'
            """
        pid = try PrivateBroker.spawn(script)
    }

    deinit {
        guard !hasEnded else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Waits for the end; gives the signal that brought it, nil when it goes on.
    func ended(within limit: Duration) throws -> Int32? {
        var status: Int32 = 0
        let isOver = poll(for: limit) { waitpid(pid, &status, WNOHANG) == pid }
        guard isOver else { return nil }
        hasEnded = true
        return status & 0x7F
    }

    /// Ends it as a supervisor does.
    func terminate() throws {
        kill(pid, SIGTERM)
        #expect(try ended(within: .seconds(20)) == 0)
    }
}
