import Crypto
import Glibc
import HTTPClient
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import ObserverUpload
import Postgres
import S3
import Spool
import System
import TestSupport
import Testing

/// Uploads to more than one store.
@Suite(.enabled(if: UploadHarness.isPossible), .serialized, .timeLimit(.minutes(5)))
struct UploadDestinationTests {
    @Test(arguments: [TestEnvironment.Server.s3, .rclone])
    func `what home does not take goes to the second store, and home later`(server: TestEnvironment.Server) throws {
        guard TestEnvironment.has(server) else { return }
        let harness = try UploadHarness()
        let second = try SecondStore(harness, on: server)
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.refuse)
        try harness.start(
            endpoint: proxy.endpoint,
            more: second.settings.merging(["OBSERVER_S3_FALLBACK_SECONDS": "2"]) { $1 }
        )
        let segments = try (0..<5).map { _ in try harness.record() }
        let began = MonotonicInstant.now()
        let isStored = harness.areStored(segments)
        #expect(isStored && MonotonicInstant.now() - began < .seconds(12))
        #expect(try harness.destinations(segments) == [.second])
        #expect(try second.has(segments) && harness.store.list(prefix: "\(harness.prefix)/").keys.isEmpty)

        proxy.set(.pass)
        let isHome = poll(for: .seconds(90)) { try harness.destinations(segments) == [[.home, .second]] }
        #expect(isHome)
        #expect(try harness.hasExactly(segments) && second.has(segments))
        // What comes now goes home at once, or after the next try of home.
        let later = try (0..<3).map { _ in try harness.record() }
        let isLaterStored = harness.areStored(later)
        #expect(isLaterStored)
        #expect(poll(for: .seconds(60)) { try harness.destinations(later).allSatisfy { $0.contains(.home) } })
        harness.stop()
        #expect(harness.errors.isEmpty)
        #expect(try harness.parts().isEmpty)
    }

    @Test func `a store that refuses all is passed over as well, and nothing is dead-lettered for good`() throws {
        let harness = try UploadHarness()
        let second = try SecondStore(harness, on: .s3)
        let segments = try (0..<3).map { _ in try harness.record() }
        try harness.start(
            hasBucket: false,
            more: second.settings.merging(["OBSERVER_S3_FALLBACK_SECONDS": "2"]) { $1 }
        )
        let isStored = harness.areStored(segments, within: .seconds(40))
        #expect(isStored)
        #expect(try harness.destinations(segments) == [.second] && second.has(segments))
    }

    @Test func `with two copies a segment is stored when both stores have it`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        let second = try SecondStore(harness, on: .s3, endpoint: proxy.endpoint)
        proxy.set(.refuse)
        try harness.start(more: second.settings.merging(["OBSERVER_S3_COPIES": "2"]) { $1 })
        let segments = try (0..<3).map { _ in try harness.record() }
        #expect(poll(for: .seconds(20)) { try harness.hasExactly(segments) })
        // A second store that does not answer for a while is no reason to be content with one copy.
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        #expect(try harness.destinations(segments).isEmpty && harness.spool.readyIDs().count == 3)
        proxy.set(.pass)
        let isStored = harness.areStored(segments, within: .seconds(60))
        #expect(isStored)
        #expect(try harness.destinations(segments) == [[.home, .second]])
        #expect(try harness.hasExactly(segments) && second.has(segments))
    }

    @Test(
        .enabled(if: UploadBinary.isBuilt),
        arguments: [CrashPoints.Point.beforePut, .afterPut, .afterReceipt, .afterRow, .afterDelete]
    )
    func `a kill at any step of an upload with two copies costs nothing`(point: CrashPoints.Point) throws {
        let harness = try UploadHarness()
        let second = try SecondStore(harness, on: .s3)
        let settings = second.settings.merging(["OBSERVER_S3_COPIES": "2"]) { $1 }
        let segments = try (0..<3).map { _ in try harness.record() }
        let dying = try UploadBinary(harness, crashAt: point, more: settings)
        #expect(dying.outcome(within: .seconds(20))?.signal == SIGKILL)
        let next = try UploadBinary(harness, more: settings)
        let isStored = harness.areStored(segments)
        #expect(isStored)
        #expect(try harness.destinations(segments) == [[.home, .second]])
        #expect(try harness.hasExactly(segments) && second.has(segments))
        next.terminate()
    }

    @Test func `a row that says elsewhere is copied after a start, and other bytes at home are left alone`() throws {
        let harness = try UploadHarness()
        let second = try SecondStore(harness, on: .s3)
        let all = try (0..<3).map { _ in try harness.record() }
        for segment in all { try second.put(segment, harness) }
        // Of the second, an earlier process brought the object home; under the key of the third lies something else.
        try harness.put(all[1])
        let bytes = Array("something else".utf8)
        try harness.store.put(
            S3Upload(
                key: all[2].header.objectKey,
                body: .bytes(bytes),
                sha256: SHA256.hex(bytes),
                contentType: "text/plain"
            )
        )
        for segment in all { try harness.spool.removeReady(segment.id) }
        let outcomes = all.map { SegmentStore.Outcome($0, .stored, destinations: .second) }
        try SegmentStore(harness.database.connect()).write(outcomes)
        try harness.start(more: second.settings)
        #expect(poll(for: .seconds(30)) { try harness.destinations(Array(all[..<2])) == [[.home, .second]] })
        #expect(poll { harness.errors.contains { $0.contains("Segment not copied") } })
        #expect(try harness.destinations([all[2]]) == [.second])
        #expect(try SHA256.hex(harness.store.get(all[0].header.objectKey)) == all[0].media.sha256)
        #expect(try harness.store.get(all[2].header.objectKey) == bytes)
    }
}

/// A bucket that is a destination beside that of the harness.
struct SecondStore {
    let settings: [String: String]
    private let store: S3Client

    init(_ harness: UploadHarness, on server: TestEnvironment.Server, endpoint: String? = nil) throws {
        let name = server == .s3 ? "S3" : "RCLONE"
        let address = try TestEnvironment.address(of: server)
        let key = S3Credentials(
            accessKeyID: try TestEnvironment.required("OBSERVER_TEST_\(name)_KEY"),
            secretAccessKey: Secret(try TestEnvironment.required("OBSERVER_TEST_\(name)_SECRET"))
        )
        let bucket = "observer-test-second"
        let s3 = S3Configuration(
            endpoint: try S3Endpoint(address),
            region: "us-east-1",
            bucket: bucket,
            credentials: .fixed(key)
        )
        store = S3Client(s3, http: harness.http)
        try store.prepareBucket()
        settings = [
            "OBSERVER_S3_SECOND_ENDPOINT": endpoint ?? "\(s3.place.scheme)://\(s3.place.authority)",
            "OBSERVER_S3_SECOND_BUCKET": bucket, "OBSERVER_S3_SECOND_ACCESS_KEY_ID": key.accessKeyID,
            "OBSERVER_S3_SECOND_SECRET_ACCESS_KEY": key.secretAccessKey.expose(),
        ]
    }

    func has(_ segments: [Segment]) throws -> Bool {
        try segments.allSatisfy { try SHA256.hex(store.get($0.header.objectKey)) == $0.media.sha256 }
    }

    func put(_ segment: Segment, _ harness: UploadHarness) throws { try harness.put(segment, in: store) }
}

extension UploadHarness {
    /// The places that rows of stored segments name; each once.
    func destinations(_ segments: [Segment]) throws -> Set<DestinationSet> {
        let records = try SegmentStore(database.connect()).records(of: segments.map(\.id))
        return Set(records.values.filter { $0.state == .stored }.map(\.destinations))
    }

    /// Files on their way from one destination to another.
    func parts() throws -> [String] {
        try Directory.names(in: spool.layout.stored).filter { $0.hasSuffix(".part") }
    }

    func put(_ segment: Segment, in other: S3Client? = nil) throws {
        let upload = S3Upload(
            key: segment.header.objectKey,
            body: .file(path: spool.media(segment.id), length: segment.media.bytes),
            sha256: segment.media.sha256,
            contentType: "video/mp4",
            metadata: [(name: "sha256", value: segment.media.sha256)]
        )
        try (other ?? store).put(upload)
    }
}
