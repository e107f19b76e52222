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
        #expect(dying.outcome(within: .seconds(60))?.signal == SIGKILL)
        let next = try UploadBinary(harness)
        let isStored = harness.areStored(segments)
        #expect(isStored, "\(next.log)")
        #expect(try harness.hasExactly(segments))
        // The sweep may have stored them before their messages came; those are acknowledged when they do.
        let connection = try AMQPConnection(harness.broker, name: "look")
        let queue = Broker.uploadQueue(spool: harness.spool.id)
        #expect(poll(for: .seconds(60)) { try connection.messageCount(queue: queue) == 0 })
        next.terminate()
        #expect(poll { try connection.messageCount(queue: queue) == 0 })
    }

    @Test(arguments: [CrashPoints.Point.afterRetry, .afterDeadLetter])
    func `a kill after a refusal loses neither the segment nor its tries' end`(point: CrashPoints.Point) throws {
        let harness = try UploadHarness()
        let segment = try harness.record()
        try harness.announce([SegmentRecorded(segment: segment)])
        let dying = try UploadBinary(harness, hasBucket: false, crashAt: point)
        #expect(dying.outcome(within: .seconds(60))?.signal == SIGKILL, "\(dying.log)")
        let next = try UploadBinary(harness, hasBucket: false)
        // The life before may have got as far as that.
        #expect(poll(for: .seconds(60)) { next.isAtWork }, "\(next.log)")
        #expect(poll(for: .seconds(60)) { try harness.state(segment.id) == .failed }, "\(next.log)")
        #expect(try harness.spool.mediaStatus(segment.id) != nil)
        next.terminate()
        // A start tries everything that lies in the spool.
        let third = try UploadBinary(harness)
        let isStored = harness.areStored([segment])
        #expect(isStored, "\(third.log)")
        #expect(try harness.hasExactly([segment]))
        third.terminate()
    }
}
