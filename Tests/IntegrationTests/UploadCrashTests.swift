import AMQP
import Crypto
import Glibc
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverUpload
import S3
import Spool
import TestSupport
import Testing

/// The debug binary, killed at each step and started again.
@Suite(.enabled(if: UploadHarness.isPossible && UploadBinary.isBuilt), .serialized, .timeLimit(.minutes(5)))
struct UploadCrashTests {
    @Test(arguments: [
        CrashPoints.Point.beforePut, .afterPut, .afterReceipt, .afterRow, .afterDelete,
    ])
    func `a kill at any step of an upload costs nothing`(point: CrashPoints.Point) throws {
        let harness = try UploadHarness()
        let segments = try (0..<3).map { _ in try harness.record() }
        try harness.announce(segments.map { SegmentRecorded(segment: $0) })
        let dying = try UploadBinary(harness, crashAt: point)
        #expect(try dying.ended(within: .seconds(20)) == SIGKILL)
        let next = try UploadBinary(harness)
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
        // The sweep may have stored them before their messages came; those are acknowledged when they do.
        let connection = try AMQPConnection(harness.broker, name: "look")
        let queue = Broker.uploadQueue(spool: harness.spool.id)
        #expect(poll(for: .seconds(20)) { try connection.messageCount(queue: queue) == 0 })
        try next.terminate()
        #expect(poll { try connection.messageCount(queue: queue) == 0 })
    }

    @Test(arguments: [CrashPoints.Point.afterRetry, .afterDeadLetter])
    func `a kill after a refusal loses neither the segment nor its tries' end`(point: CrashPoints.Point) throws {
        let harness = try UploadHarness()
        let segment = try harness.record()
        try harness.announce([SegmentRecorded(segment: segment)])
        let dying = try UploadBinary(harness, hasBucket: false, crashAt: point)
        #expect(try dying.ended(within: .seconds(20)) == SIGKILL)
        let next = try UploadBinary(harness, hasBucket: false)
        #expect(poll(for: .seconds(20)) { try harness.state(segment.id) == .failed })
        #expect(try harness.spool.mediaStatus(segment.id) != nil)
        try next.terminate()
        // A start tries everything that lies in the spool.
        let third = try UploadBinary(harness)
        let isStored = harness.areStored([segment])
        #expect(isStored)
        #expect(try harness.hasExactly([segment]))
        try third.terminate()
    }
}

/// A running `observer-upload`.
final class UploadBinary {
    static var path: String { "\(TestEnvironment.repository)/.build/debug/observer-upload" }
    static var isBuilt: Bool { TestEnvironment.has(program: path) }

    private let pid: pid_t
    private var hasEnded = false

    init(_ harness: UploadHarness, hasBucket: Bool = true, crashAt point: CrashPoints.Point? = nil) throws {
        let s3 = try harness.s3(hasBucket: hasBucket)
        let broker = try TestEnvironment.address(of: .amqp)
        let script = """
            export OBSERVER_SPOOL='\(harness.folder)' OBSERVER_DATABASE_URL='\(harness.database.url)'
            export OBSERVER_AMQP_URL='\(broker)' OBSERVER_S3_BUCKET='\(s3.bucket)' OBSERVER_RETRY_SECONDS=1,1
            export AWS_ACCESS_KEY_ID='\(s3.accessKeyID)' AWS_SECRET_ACCESS_KEY='\(s3.secretAccessKey.expose())'
            export AWS_ENDPOINT_URL_S3='\(s3.scheme)://\(s3.authority)' OBSERVER_CRASH_AT='\(point?.rawValue ?? "")'
            exec '\(Self.path)' < /dev/null 2>> '\(harness.folder).log'
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
