import Crypto
import Glibc
import HTTPClient
import HTTPTypes
import Lifecycle
import ObserverConfiguration
import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import TestSupport
import Testing

/// Retention against buckets of SeaweedFS that keep versions and lock objects.
@Suite(.enabled(if: TestEnvironment.has(.database) && TestEnvironment.has(.s3)), .timeLimit(.minutes(3)))
struct VersionedBucketTests: RetentionTrial {
    private let store = Store(server: .s3, isConditional: true)

    /// Creates a bucket that keeps versions; Object Lock has to be asked for when it is made.
    private func bucket(hasLock: Bool) throws -> S3Client {
        let name = "versions-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let configuration = try store.configuration(bucket: name)
        let client = S3Client(configuration, http: Store.http)
        if hasLock {
            try send(configuration, "", headers: [("x-amz-bucket-object-lock-enabled", "true")])
        } else {
            try client.createBucket()
            try send(
                configuration,
                "versioning",
                "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            )
        }
        try client.prepareBucket()
        try #require(try client.versioning() == .enabled)
        return client
    }

    private func send(
        _ configuration: S3Configuration,
        _ part: String,
        _ document: String = "",
        headers: [(String, String)] = []
    ) throws {
        let bytes = Array(document.utf8)
        let request = S3Signer(configuration.place, credentials: try store.credentials()).sign(
            method: "PUT",
            key: "",
            query: part.isEmpty ? [] : [(part, "")],
            headers: headers,
            payloadSHA256: SHA256.hex(bytes),
            at: Int64(time(nil))
        )
        let answer = try Store.http.send(
            HTTPClientRequest(method: .put, url: request.url, headers: request.headers, body: .bytes(bytes))
        )
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    private func versions(_ segments: [Segment], in client: S3Client) throws -> Int {
        try client.versions(of: segments.map(\.header.objectKey)).count
    }

    private func hold(_ fixture: RetentionFixture, hoursAgo hours: Int64) throws -> Hold {
        let from = fixture.hour.advanced(bySeconds: -3600 * hours)
        return try HoldStore(fixture.connection).create(
            camera: fixture.camera,
            from: from,
            to: from.advanced(bySeconds: 3600),
            reason: "theft",
            by: .user("anna")
        )
    }

    @Test func `all versions of what is over are deleted, and the others stay`() throws {
        let client = try bucket(hasLock: false)
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        let young = try record(fixture, hoursAgo: 5, count: 60, by: client)
        // One was sent twice, one was deleted by hand.
        try client.put(
            S3Upload(key: old[0].header.objectKey, body: .bytes([2]), sha256: SHA256.hex([2]), contentType: "video/mp4")
        )
        _ = try client.delete([old[1].header.objectKey])
        #expect(try versions(old, in: client) == 5 && objects(old, in: client) == 2)
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
        #expect(try versions(old, in: client) == 0)
        #expect(try versions(young, in: client) == 60 && objects(young, in: client) == 60)
        let status = try RetentionStatusStore(fixture.connection).read()
        #expect(status.bucket == RetentionBucketState(versions: .deleted) && status.error == nil)
    }

    @Test func `old versions are left to the rules of the bucket where that is set`() throws {
        let client = try bucket(hasLock: false)
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        try run(fixture, S3RetentionBucket(client), versions: .keep) { try fixture.states(old) == [.expired] }
        // A version and a marker of each.
        #expect(try objects(old, in: client) == 0 && versions(old, in: client) == 6)
        #expect(try RetentionStatusStore(fixture.connection).read().bucket?.versions == .kept)
    }

    @Test func `a hold locks objects against everybody's deletion, and its release unlocks them`() throws {
        let client = try bucket(hasLock: true)
        let fixture = try RetentionFixture(days: 30)
        let held = try record(fixture, hoursAgo: 20, count: 3, by: client)
        let other = try record(fixture, hoursAgo: 10, count: 1, by: client)
        let keys = held.map(\.header.objectKey)
        let hold = try hold(fixture, hoursAgo: 20)
        let holds = HoldStore(fixture.connection)
        let bucket = S3RetentionBucket(client)
        try run(fixture, bucket) { try holds.get(hold.id)?.protection?.isComplete == true }
        #expect(try holds.get(hold.id)?.protection?.objects == 3)
        #expect(try RetentionStatusStore(fixture.connection).read().bucket?.hasObjectLock == true)
        let found = try client.versions(of: keys)
        #expect(client.locks(of: found).values.count { $0.hasLegalHold } == 3)
        let refused = try client.deleteAllVersions(keys + other.map(\.header.objectKey))
        #expect(Set(refused.refused.keys).union(refused.locked.map(\.key)) == Set(keys))
        #expect(try versions(held, in: client) == 3 && versions(other, in: client) == 0)

        _ = try holds.release(hold.id, reason: "closed", by: .user("ben"))
        try run(fixture, bucket) { client.locks(of: try client.versions(of: keys)).isEmpty }
        #expect(try client.deleteAllVersions(keys) == S3Deletion() && versions(held, in: client) == 0)
    }

    @Test func `what somebody else has locked stays, is counted, and goes when it is unlocked`() throws {
        let client = try bucket(hasLock: true)
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        #expect(try client.setLegalHold(true, on: [old[1].header.objectKey]) == S3LegalHolds())
        let locked = LockedSegmentStore(fixture.connection)
        try run(fixture, S3RetentionBucket(client)) {
            try locked.sum().segments == 1 && fixture.states([old[0], old[2]]) == [.expired]
        }
        #expect(try fixture.states([old[1]]) == [.expiring] && versions(old, in: client) == 1)
        #expect(try client.setLegalHold(false, on: [old[1].header.objectKey]) == S3LegalHolds())
        try fixture.connection.execute("update locked_segments set until = now()")
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
        #expect(try locked.sum() == .init() && versions(old, in: client) == 0)
    }
}
