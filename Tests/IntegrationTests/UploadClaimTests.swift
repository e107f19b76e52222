import AMQP
import Glibc
import HTTPClient
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverUpload
import Postgres
import S3
import Spool
import System
import TemporaryFolders
import TestSupport
import Testing

/// One uploader for each spool, its reports, and what it does when people want failed uploads tried anew.
@Suite(.enabled(if: UploadHarness.isPossible), .serialized, .timeLimit(.minutes(5)))
struct UploadClaimTests {
    private static let claimed = "Spool claimed by another uploader"

    private func uploader(_ harness: UploadHarness) throws -> UploaderListing? {
        try UploaderStore(harness.database.connect()).list().first
    }

    private func claimant(_ harness: UploadHarness, place: String) -> UploaderStore.Claimant {
        .init(spoolID: harness.spool.id, name: "former", instance: .makeRandom(), place: place)
    }

    @Test func `a second uploader in the same folder ends with words`() throws {
        let harness = try UploadHarness()
        try harness.start()
        #expect(poll { try uploader(harness)?.state == .alive })
        let sink = MemoryLogSink()
        let logger = Logger(label: "second", level: .debug, sink: sink)
        let second = ServiceGroup(
            logger: logger,
            stages: try UploadService.stages(try harness.configuration(), logger: logger)
        )
        #expect(second.run(until: StopSignal()) == 1)
        #expect(sink.lines.contains { "\($0.fields)".contains("another observer-upload of this machine") })
        let segment = try harness.record()
        #expect(harness.areStored([segment]))
    }

    @Test func `the uploader of a copied spool does nothing until the original is gone for a lease`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<3).map { _ in try harness.record() }
        let place = TemporaryFolder()
        let copy = place.path + "/copy"
        waitpid(try PrivateBroker.spawn("cp -a '\(harness.folder)' '\(copy)'"), nil, 0)
        try harness.start()
        #expect(harness.areStored(segments))
        let sink = MemoryLogSink()
        let logger = Logger(label: "copy", level: .debug, sink: sink)
        var configuration = try harness.configuration(more: ["OBSERVER_SPOOL": copy])
        configuration.claimLease = .seconds(5)
        let second = RunningGroup(try UploadService.stages(configuration, logger: logger), logger: logger)
        #expect(poll { sink.lines.contains { $0.message == Self.claimed } })
        #expect(sink.lines.contains { "\($0.fields)".contains("SPOOL_ID") })
        // A segment of the original is uploaded although both listen to the same queue.
        let more = try (0..<20).map { _ in try harness.record() }
        try harness.announce(more.map { SegmentRecorded(segment: $0) })
        #expect(harness.areStored(more))
        let copied = try Spool(at: copy)
        #expect(try copied.readyIDs().count == 3)
        #expect(sink.lines.count { $0.message == Self.claimed } == 1)
        // A restart of the original gives the copy nothing.
        harness.stop()
        try harness.start()
        let last = try harness.record()
        #expect(harness.areStored([last]))
        #expect(try copied.readyIDs().count == 3)
        harness.stop()
        #expect(poll { try copied.readyIDs().isEmpty })
        second.end()
        #expect(try harness.hasExactly(segments + more + [last]))
    }

    @Test func `an uploader that was killed is followed at once in its place, and after a lease elsewhere`() throws {
        let harness = try UploadHarness()
        let store = UploaderStore(harness.database.connect())
        let place = try harness.spool.place().description
        _ = try store.report(UploaderReport(), by: claimant(harness, place: place))
        let clock = ContinuousClock()
        let first = try harness.record()
        try harness.start()
        let time = clock.measure { #expect(harness.areStored([first])) }
        #expect(time < .seconds(8))
        harness.stop()

        let elsewhere = claimant(harness, place: "elsewhere")
        guard case .held(let ended) = try store.report(UploaderReport(), by: elsewhere) else {
            Issue.record("one that ended in order was replaced at once")
            return
        }
        #expect(try store.report(UploaderReport(), by: elsewhere, over: ended) == .granted(hasRetries: false))
        let second = try harness.record()
        var configuration = try harness.configuration()
        configuration.claimLease = .seconds(2)
        let logger = Logger(label: "upload", level: .debug, sink: harness.log)
        let group = RunningGroup(try UploadService.stages(configuration, logger: logger), logger: logger)
        let wait = clock.measure { #expect(harness.areStored([second])) }
        #expect(wait >= .seconds(2))
        #expect(harness.log.lines.contains { $0.message == "Spool taken over" })
        #expect(harness.errors.isEmpty)
        group.end()
        #expect(try uploader(harness)?.state == .stopped)
    }

    @Test func `an uploader whose spool is taken over uploads and deletes nothing more`() throws {
        let harness = try UploadHarness()
        try harness.start(lease: .seconds(3))
        #expect(poll { try uploader(harness)?.state == .alive })
        // As a copy would whose database was in sight while that of the original was not.
        let other = claimant(harness, place: "elsewhere")
        let database = harness.database.connect()
        try database.execute(
            "update uploaders set instance = \(other.instance), place = 'elsewhere', name = 'former', beats = beats + 1"
        )
        #expect(poll { harness.log.lines.contains { $0.message == Self.claimed } })
        let segment = try harness.record()
        let store = UploaderStore(database)
        for _ in 0..<8 {
            _ = try store.report(UploaderReport(), by: other)
            #expect(!harness.areStored([segment], within: .milliseconds(250)))
        }
        try store.end(other)
        #expect(harness.areStored([segment]))
    }

    @Test func `an uploader tells what waits and why, and that it is over`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.refuse)
        let segments = try (0..<10).map { _ in try harness.record() }
        try harness.start(endpoint: proxy.endpoint, more: ["OBSERVER_RECORDER": "node-a"])
        #expect(poll { try uploader(harness)?.report.store == .paused })
        #expect(poll { try uploader(harness)?.report.backlogFiles == 10 })
        let listing = try #require(try uploader(harness))
        let report = listing.report
        #expect(listing.name == "node-a" && listing.spoolID == harness.spool.id && listing.state == .alive)
        #expect(report.backlogBytes == segments.reduce(0) { $0 + $1.media.bytes })
        #expect(report.backlogMilliseconds == segments.reduce(0) { $0 + Int64($1.end.durationMilliseconds) })
        #expect(report.oldestAt == segments.map(\.id).min().map { Timestamp(milliseconds: $0.milliseconds) })
        #expect(report.storeDetail?.isEmpty == false && report.freeBytes > 0)
        proxy.set(.pass)
        #expect(harness.areStored(segments, within: .seconds(40)))
        let isOver = poll {
            guard let report = try uploader(harness)?.report else { return false }
            return report.backlogFiles == 0 && report.store == .working && report.storeDetail == nil && report.rate > 0
                && report.oldestAt == nil
        }
        #expect(isOver)
    }

    @Test func `failed uploads are tried anew when somebody wants that, by row and by message`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<2).map { _ in try harness.record() }
        for segment in segments {
            // Other bytes under its key: the upload fails for good.
            try harness.store.put(
                S3Upload(
                    key: segment.header.objectKey,
                    body: .bytes([1, 2, 3]),
                    sha256: "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81",
                    contentType: "video/mp4",
                    metadata: []
                )
            )
        }
        try harness.start()
        #expect(poll { try segments.allSatisfy { try harness.state($0.id) == .failed } })
        let failed = FailedUploadStore(harness.database.connect())
        #expect(try failed.list().map(\.record.segment.id) == segments.map(\.id).sorted(by: >))
        for segment in segments { try harness.store.delete(segment.header.objectKey) }
        #expect(try failed.retry(segments[0].id, by: .observerctl) == harness.spool.id)
        #expect(poll { try harness.state(segments[0].id) == .stored })
        #expect(try failed.retryAll(by: .observerctl) == [harness.spool.id: 1])
        let connection = try AMQPConnection(harness.broker, name: "web")
        _ = try AMQPPublisher(connection).publish(UploadRetryAsked.message(spool: harness.spool.id))
        #expect(harness.areStored(segments))
        #expect(try harness.hasExactly(segments))
        #expect(try failed.count() == 0 && failed.takeRetries(of: harness.spool.id).isEmpty)
        #expect(try failed.retry(segments[0].id, by: .observerctl) == nil)
    }

    @Test func `a failed segment whose file is gone says so`() throws {
        let harness = try UploadHarness()
        let segment = try harness.record()
        let database = harness.database.connect()
        try SegmentStore(database).write([.init(segment, .failed, tries: 3, error: "refused: AccessDenied")])
        try harness.spool.removeReady(segment.id)
        try harness.start()
        _ = try FailedUploadStore(database).retry(segment.id, by: .observerctl)
        #expect(poll { try SegmentStore(database).get(segment.id)?.error?.hasPrefix("missing:") == true })
        #expect(try harness.state(segment.id) == .failed)
        #expect(try SegmentStore(database).get(segment.id)?.tries == 3)
    }
}
