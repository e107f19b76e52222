import Glibc
import Logging
import ObserverCore
import ObserverMessages
import ObserverStore
import Postgres
import S3
import Spool
import TestSupport
import Testing

/// Faults that last, lie or go away, with real servers: nothing is lost, and nothing is called lost.
@Suite(.enabled(if: UploadHarness.isPossible), .serialized, .timeLimit(.minutes(5)))
struct UploadTruthTests {
    @Test func `a folder that is moved away and back has lost nothing`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.refuse)
        let segments = try (0..<10).map { _ in try harness.record() }
        try SegmentStore(harness.database.connect()).upsertSpooled(segments)
        try harness.start(endpoint: proxy.endpoint)
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        let away = harness.folder + "/away"
        rename(harness.spool.layout.ready, away)
        try harness.announce(segments.map { SegmentRecorded(segment: $0) })
        proxy.set(.pass)
        let isUnreadable = poll(for: .seconds(30)) {
            harness.log.lines.contains { $0.message == "Segment unreadable; will retry" }
        }
        #expect(isUnreadable)
        rename(away, harness.spool.layout.ready)
        let isStored = harness.areStored(segments, within: .seconds(60))
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
        #expect(!harness.log.lines.contains { $0.message == "Segment missing; looking again in 1 h" })
    }

    @Test func `a segment whose file is missing keeps its row, and a message of a stranger makes none`() throws {
        let harness = try UploadHarness()
        let (missing, unknown) = (try harness.record(), try harness.record())
        try harness.spool.removeReady(missing.id)
        try harness.spool.removeReady(unknown.id)
        try SegmentStore(harness.database.connect()).upsertSpooled([missing])
        try harness.start()
        try harness.announce([missing, unknown].map { SegmentRecorded(segment: $0) })
        #expect(poll { harness.log.lines.contains { $0.message == "Segment missing; looking again in 1 h" } })
        #expect(poll { harness.log.lines.contains { $0.message == "Announced segment unknown; ignored" } })
        #expect(try harness.state(missing.id) == .spooled)
        #expect(try harness.state(unknown.id) == nil)
        #expect(harness.errors.isEmpty)
    }

    @Test(.enabled(if: TestEnvironment.has(.rclone)))
    func `a bucket that does not exist is one error, and everything goes when it does`() throws {
        // SeaweedFS sets volumes apart for each bucket.
        let harness = try UploadHarness(server: .rclone)
        let bucket = "observer-test-late-\(UInt32.random(in: 0 ... .max))"
        let segments = try (0..<30).map { _ in try harness.record(bytes: 10_000) }
        try harness.start(bucket: bucket)
        try harness.announce(segments.map { SegmentRecorded(segment: $0) })
        #expect(poll { harness.log.lines.contains { $0.message == "S3 refuses all uploads; they wait" } })
        #expect(poll { !harness.errors.isEmpty })
        try harness.store(bucket: bucket).createBucket()
        #expect(poll(for: .seconds(40)) { try harness.spool.readyIDs().isEmpty })
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(harness.errors.count == 1)
        #expect(harness.log.lines.count { $0.message == "Upload refused; will retry" } == 2)
    }

    @Test func `a sidecar that is gone is restored from its row`() throws {
        let harness = try UploadHarness()
        let segment = try harness.record()
        try SegmentStore(harness.database.connect()).upsertSpooled([segment])
        unlink(harness.spool.layout.sidecar(segment.id))
        try harness.start()
        let isStored = harness.areStored([segment])
        #expect(isStored)
        #expect(try harness.hasExactly([segment]))
        #expect(harness.log.lines.contains { $0.message == "Sidecar restored from row" })
    }

    @Test func `a database that was restored to an earlier state gets its rows back at the start`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<5).map { _ in try harness.record() }
        try harness.start()
        let isStored = harness.areStored(segments)
        #expect(isStored)
        harness.stop()
        for segment in segments {
            _ = try harness.database.connect().execute("delete from segments where id = \(segment.id)")
        }
        #expect(try harness.state(segments[0].id) == nil)
        try harness.start()
        let isStoredAgain = harness.areStored(segments)
        #expect(isStoredAgain)
        #expect(try SegmentStore(harness.database.connect()).get(segments[0].id)?.segment == segments[0])
    }

    @Test func `stopping while S3 is away takes no time`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.refuse)
        try harness.start(endpoint: proxy.endpoint)
        let segments = try (0..<12).map { _ in try harness.record() }
        try harness.announce(segments.map { SegmentRecorded(segment: $0) })
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        let clock = ContinuousClock()
        let time = clock.measure { harness.stop() }
        #expect(time < .seconds(5))
    }
}
