import Encodings
import System
import AMQP
import Crypto
import Glibc
import HTTPClient
import Logging
import ObserverCore
import ObserverMessages
import ObserverStore
import ObserverUpload
import Postgres
import S3
import Spool
import TestSupport
import Testing

@Suite(.enabled(if: UploadHarness.isPossible), .serialized, .timeLimit(.minutes(5)))
struct UploadTests {
    @Test func `announced segments are stored once, each with its row, and leave the spool`() throws {
        let harness = try UploadHarness()
        try harness.start(sweep: .seconds(60))
        let segments = try (0..<20).map { _ in try harness.record() }
        // Each is announced three times: a publisher that lost a confirm sends again.
        try harness.announce((segments + segments + segments.reversed()).map { SegmentRecorded(segment: $0) })
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
        let record = try #require(try SegmentStore(harness.database.connect()).get(segments[0].id))
        #expect(record.segment == segments[0])
        #expect(record.etag != nil && record.storedAt != nil)
        let info = try harness.store.head(segments[0].header.objectKey)
        #expect(info.metadata["camera"] == "7")
        #expect(info.metadata["segment"]?.contains(segments[0].id.description) == true)
        harness.stop()
        let connection = try AMQPConnection(harness.broker, name: "look")
        #expect(try connection.messageCount(queue: Broker.uploadQueue(spool: harness.spool.id)) == 0)
        #expect(harness.errors.isEmpty)
    }

    @Test(.enabled(if: TestEnvironment.has(.rclone)))
    func `a store that knows no conditions ends with the same objects`() throws {
        let harness = try UploadHarness(server: .rclone)
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .rclone))
        defer { proxy.stop() }
        proxy.set(.loseAnswers)
        let segments = try (0..<5).map { _ in try harness.record() }
        try harness.start(endpoint: proxy.endpoint)
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        proxy.set(.pass)
        let isStored = harness.areStored(segments, within: .seconds(40))
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
        #expect(harness.errors.isEmpty)
    }

    @Test func `a refused segment is tried three times, logged once, dead-lettered, kept, and replayed by a message`()
        throws
    {
        let harness = try UploadHarness()
        try harness.start(hasBucket: false)
        let segment = try harness.record()
        try harness.announce([SegmentRecorded(segment: segment)])
        #expect(poll(for: .seconds(20)) { try harness.state(segment.id) == .failed })
        let letters = try harness.deadLetters(segment.id.description)
        #expect(letters.count == 1)
        #expect(letters.first?.message.headers["reason"] == "refused")
        #expect(try letters.first.map { try SegmentRecorded(body: $0.message.body).segment } == segment)
        let record = try #require(try SegmentStore(harness.database.connect()).get(segment.id))
        #expect(record.tries == 3)
        #expect(record.error?.contains("NoSuchBucket") == true)
        #expect(try harness.spool.mediaStatus(segment.id)?.bytes == segment.media.bytes)
        #expect(harness.log.lines.count { $0.message == "Upload refused; will retry" } == 2)
        #expect(harness.errors.count == 1)

        harness.stop()
        try harness.start(sweep: .seconds(60))
        try harness.announce([SegmentRecorded(cycle: 1, segment: segment)])
        let isStored = harness.areStored([segment])
        #expect(isStored)
        #expect(try harness.hasExactly([segment]))
        #expect(harness.errors.count == 1)
    }

    @Test func `a message that cannot be read is dead-lettered as it is`() throws {
        let harness = try UploadHarness()
        try harness.start()
        let id = "poison-\(UInt32.random(in: 0 ... .max))"
        let connection = try AMQPConnection(harness.broker, name: "poison")
        try connection.declare(Broker.topology(spool: harness.spool.id))
        let publisher = try AMQPPublisher(connection)
        for body in ["{", #"{"v":9}"#, String(repeating: "x", count: 1_000_000)] {
            _ = try publisher.publish(
                AMQPMessage(
                    exchange: Broker.uploadExchange,
                    routingKey: Broker.uploadKey(spool: harness.spool.id),
                    body: Array(body.utf8),
                    messageID: id
                )
            )
        }
        _ = try publisher.waitForConfirms(within: .seconds(5))
        #expect(poll { harness.errors.count == 3 })
        var letters: [AMQPDelivery] = []
        #expect(
            poll {
                letters += try harness.deadLetters(id)
                return letters.count == 3
            }
        )
        #expect(letters.allSatisfy { $0.message.headers["reason"] == "malformed" })
        // It goes on.
        let segment = try harness.record()
        try harness.announce([SegmentRecorded(segment: segment)])
        let isStored = harness.areStored([segment])
        #expect(isStored)
    }

    @Test func `an object that is there already is taken as ours only when it is`() throws {
        let harness = try UploadHarness()
        let (same, other) = (try harness.record(), try harness.record())
        let bytes = try #require(read(harness.spool.media(same.id)))
        try harness.store.put(
            S3Upload(
                key: same.header.objectKey,
                body: .bytes(bytes),
                sha256: same.media.sha256,
                contentType: "video/mp4",
                metadata: [(name: "sha256", value: same.media.sha256)]
            )
        )
        let foreign = Array("something else".utf8)
        try harness.store.put(
            S3Upload(
                key: other.header.objectKey,
                body: .bytes(foreign),
                sha256: SHA256.hex(foreign),
                contentType: "text/plain"
            )
        )
        try harness.start()
        #expect(poll(for: .seconds(20)) { try harness.state(same.id) == .stored })
        #expect(poll(for: .seconds(20)) { try harness.state(other.id) == .failed })
        #expect(try harness.store.get(other.header.objectKey) == foreign)
        #expect(try harness.spool.mediaStatus(other.id) != nil)
        #expect(harness.errors.count == 1)
    }

    @Test func `an answer that got lost makes no second object and no failure`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.loseAnswers)
        let segments = try (0..<6).map { _ in try harness.record() }
        try harness.start(endpoint: proxy.endpoint)
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        proxy.set(.pass)
        let isStored = harness.areStored(segments, within: .seconds(40))
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
        #expect(harness.errors.isEmpty)
    }

    @Test func `while S3 is away nothing counts as a try, and when it is back everything goes`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.refuse)
        try harness.start(endpoint: proxy.endpoint)
        let segments = try (0..<12).map { _ in try harness.record() }
        try harness.announce(segments.map { SegmentRecorded(segment: $0) })
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        // Time for several probes.
        usleep(3_000_000)
        #expect(try harness.spool.readyIDs().count == segments.count)
        proxy.set(.pass)
        let isStored = harness.areStored(segments, within: .seconds(40))
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
        #expect(harness.errors.isEmpty)
        let record = try #require(try SegmentStore(harness.database.connect()).get(segments[0].id))
        #expect(record.tries == 0)
    }

    @Test func `without a broker the sweep feeds the uploader`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<5).map { _ in try harness.record() }
        try harness.start(broker: "amqp://127.0.0.1:1")
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
    }

    @Test func `without a database the receipt stays, and becomes a row later`() throws {
        let harness = try UploadHarness()
        let segments = try (0..<5).map { _ in try harness.record() }
        try harness.start(database: "postgresql://127.0.0.1:1/none")
        #expect(
            poll(for: .seconds(20)) {
                try harness.spool.newestReceipts(limit: 9).count == 5 && harness.spool.readyIDs().isEmpty
            }
        )
        #expect(try harness.hasExactly(segments))
        harness.stop()
        try harness.start()
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(harness.errors.isEmpty)
    }

    @Test func `what was announced after its end is no failure`() throws {
        let harness = try UploadHarness()
        let segment = try harness.record()
        try harness.start()
        let isStored = harness.areStored([segment])
        #expect(isStored)
        try harness.announce([SegmentRecorded(segment: segment), SegmentRecorded(attempt: 2, segment: segment)])
        let connection = try AMQPConnection(harness.broker, name: "look")
        #expect(poll { try connection.messageCount(queue: Broker.uploadQueue(spool: harness.spool.id)) == 0 })
        harness.stop()
        #expect(try harness.state(segment.id) == .stored)
        #expect(harness.errors.isEmpty)
        #expect(try connection.messageCount(queue: Broker.uploadQueue(spool: harness.spool.id)) == 0)
    }

    @Test func `at the stop what is under way is finished, the rest stays for the next start`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.stall)
        try harness.start(endpoint: proxy.endpoint, parallel: 2, sweep: .seconds(60))
        let segments = try (0..<6).map { _ in try harness.record() }
        try harness.announce(segments.map { SegmentRecorded(segment: $0) })
        let connection = try AMQPConnection(harness.broker, name: "look")
        let queue = Broker.uploadQueue(spool: harness.spool.id)
        #expect(poll { try connection.messageCount(queue: queue) == 0 })
        let release = DedicatedThread.start(name: "release") {
            usleep(1_000_000)
            proxy.set(.pass)
        }
        harness.stop()
        release.join()
        let left = try harness.spool.readyIDs()
        #expect((2...5).contains(left.count))
        // A segment that was seen in the spool before its message came needs no message.
        #expect(poll { try connection.messageCount(queue: queue) <= left.count })
        try harness.start()
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(try harness.hasExactly(segments))
    }

    private func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 10_000_000)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
