import Crypto
import HTTPClient
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import System
import TestSupport
import Testing

/// Retention of recordings that lie in several stores.
@Suite(.enabled(if: TestEnvironment.has(.database) && !Store.all.isEmpty), .timeLimit(.minutes(3)))
struct RetentionDestinationTests: RetentionTrial {
    private static let http = HTTPClient.running(name: "second", parallel: 8)

    /// A second store of another kind, or another bucket of the same.
    private func second() throws -> S3Client {
        if Store.all.count > 1 { return try Store.all[1].client() }
        let client = S3Client(try Store.all[0].configuration(bucket: "observer-second"), http: Self.http)
        try client.prepareBucket()
        return client
    }

    private func home() throws -> S3Client { try Store.all[0].client() }

    private func put(_ segments: [Segment], in client: S3Client) throws {
        for segment in segments {
            try client.put(
                S3Upload(
                    key: segment.header.objectKey,
                    body: .bytes([1]),
                    sha256: SHA256.hex([1]),
                    contentType: "video/mp4"
                )
            )
        }
    }

    private func place(_ fixture: RetentionFixture, _ segments: [Segment], in places: DestinationSet) throws {
        try fixture.connection.execute(
            "update segments set destinations = \(places) where id = any(\(segments.map(\.id)))"
        )
    }

    /// Old recordings at home, in the second store, and in both; and young ones.
    private func fill(_ fixture: RetentionFixture, _ home: S3Client, _ second: S3Client) throws -> [[Segment]] {
        let old = try fixture.record(hoursAgo: 30, count: 6)
        let (atHome, elsewhere, both) = (Array(old[0..<2]), Array(old[2..<4]), Array(old[4..<6]))
        try put(atHome + both, in: home)
        try put(elsewhere + both, in: second)
        try place(fixture, elsewhere, in: .second)
        try place(fixture, both, in: [.home, .second])
        try fixture.record(hoursAgo: 5, count: 60)
        return [atHome, elsewhere, both]
    }

    @Test func `what is over is gone from every store that held it`() throws {
        let fixture = try RetentionFixture(days: 1)
        let (home, second) = (try home(), try second())
        let old = try fill(fixture, home, second).flatMap { $0 }
        #expect(try objects(old, in: home) == 4 && objects(old, in: second) == 4)
        try run(fixture, S3RetentionBucket(home), [.second: S3RetentionBucket(second)]) {
            try fixture.states(old) == [.expired]
        }
        #expect(try objects(old, in: home) == 0 && objects(old, in: second) == 0)
        #expect(try RetentionStatusStore(fixture.connection).read().error == nil)
    }

    @Test func `a second store that is away keeps what it holds, and what home holds goes`() throws {
        let fixture = try RetentionFixture(days: 1)
        let (home, second) = (try home(), try second())
        let old = try fill(fixture, home, second)
        var limits = HTTPClientLimits()
        limits.connect = .seconds(1)
        var configuration = try Store.all[0].configuration(bucket: "observer-second")
        configuration = S3Configuration(
            endpoint: try S3Endpoint("http://127.0.0.1:9"),
            region: configuration.region,
            bucket: configuration.bucket,
            credentials: configuration.credentials
        )
        let away = S3Client(configuration, http: Self.http)
        let status = RetentionStatusStore(fixture.connection)
        try run(fixture, S3RetentionBucket(home), [.second: S3RetentionBucket(away)]) {
            try fixture.states(old[0]) == [.expired] && status.read().isPartial
        }
        #expect(try fixture.states(old[1] + old[2]) == [.expiring])
        #expect(try objects(old[0], in: home) == 0 && objects(old[1], in: second) == 2)
        let words = try SegmentStore(fixture.connection).get(old[1][0].id)?.error
        #expect(words?.contains("second store") == true, "\(words ?? "")")
        // It works again.
        try run(fixture, S3RetentionBucket(home), [.second: S3RetentionBucket(second)]) {
            try fixture.states(old.flatMap { $0 }) == [.expired]
        }
        #expect(try objects(old[1] + old[2], in: second) == 0 && objects(old[2], in: home) == 0)
        #expect(try status.read().error == nil)
    }

    @Test func `a store that is not set up keeps its recordings from counting as deleted`() throws {
        let fixture = try RetentionFixture(days: 1)
        let (home, second) = (try home(), try second())
        let old = try fill(fixture, home, second)
        let rows = SegmentStore(fixture.connection)
        try run(fixture, S3RetentionBucket(home)) {
            try fixture.states(old[0]) == [.expired] && rows.get(old[2][0].id)?.error != nil
        }
        #expect(try fixture.states(old[1] + old[2]) == [.expiring])
        #expect(try rows.get(old[1][0].id)?.error == "it lies in the second store as well, which is not set up")
    }

    @Test func `a hold that was written meanwhile takes back what one store still has, as lying there`() throws {
        let fixture = try RetentionFixture(days: 1)
        let (home, second) = (try home(), try second())
        let old = try fill(fixture, home, second)
        try fixture.takePlan()
        #expect(try fixture.decideAll().count == 6)
        // The deletion at home was made, its answer and that of the second store were lost.
        _ = try home.delete(old[2].map(\.header.objectKey))
        let from = fixture.hour.advanced(bySeconds: -3600 * 31)
        _ = try HoldStore(fixture.connection).create(
            camera: fixture.camera,
            from: from,
            to: from.advanced(bySeconds: 3600 * 3),
            reason: "theft",
            by: .user("anna")
        )
        let shell = RetentionShell(
            holder: "test",
            connection: fixture.database.connect(),
            buckets: [.home: S3RetentionBucket(home), .second: S3RetentionBucket(second)],
            logger: Logger(label: "retention", level: .error)
        )
        #expect(shell.perform(.rescue) == .rescued)
        let records = try SegmentStore(fixture.connection).records(of: old.flatMap { $0 }.map(\.id))
        #expect(records.values.allSatisfy { $0.state == .stored })
        let places = old.map { segments in Set(segments.compactMap { records[$0.id]?.destinations }) }
        #expect(places == [[.home], [.second], [.second]])
    }
}
