import Crypto
import HTTPClient
import Lifecycle
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

/// Retention against PostgreSQL and a store that keeps versions, locks objects or lacks parts of S3.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(3)))
struct RetentionLockTests: RetentionTrial {
    private static let http = HTTPClient.running(name: "stub-client", parallel: 8)

    private func store(_ change: (inout S3StubProfile) -> Void) throws -> (S3Stub, S3Client) {
        let stub = try #require(S3Stub(S3StubProfile(change)))
        let configuration = S3Configuration(
            endpoint: try S3Endpoint(stub.url),
            region: "us-east-1",
            bucket: "video",
            credentials: .fixed(S3Credentials(accessKeyID: "AK", secretAccessKey: Secret("SK")))
        )
        return (stub, S3Client(configuration, http: Self.http))
    }

    private func hold(_ fixture: RetentionFixture, hoursAgo hours: Int64, seconds: Int64) throws -> Hold {
        let from = fixture.hour.advanced(bySeconds: -3600 * hours)
        return try HoldStore(fixture.connection).create(
            camera: fixture.camera,
            from: from,
            to: from.advanced(bySeconds: seconds),
            reason: "theft",
            by: .user("anna")
        )
    }

    @Test(arguments: ["Enabled", "Suspended"])
    func `a bucket that keeps versions is emptied of them`(state: String) throws {
        let (stub, client) = try store { $0.versioning = state }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        _ = try client.delete([old[0].header.objectKey])
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
        #expect(stub.versions.count == 60 && stub.objects.count == 60)
        let bucket = try RetentionStatusStore(fixture.connection).read().bucket
        #expect(bucket == RetentionBucketState(versions: .deleted))
    }

    @Test func `a bucket that does not tell of its versions shows them, and is emptied of them`() throws {
        let (stub, client) = try store {
            $0.versioning = "Enabled"
            $0.versioningStatus = 403
        }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
        #expect(stub.versions.count == 60)
    }

    @Test func `without the right to list versions nothing goes, unless the bucket's rules see to them`() throws {
        let (stub, client) = try store {
            $0.versioning = "Enabled"
            $0.versionListStatus = 403
        }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        let status = RetentionStatusStore(fixture.connection)
        try run(fixture, S3RetentionBucket(client)) {
            try status.read().error?.contains("s3:ListBucketVersions") == true
        }
        #expect(try fixture.states(old) == [.stored] && stub.objects.count == 63)
        try run(fixture, S3RetentionBucket(client), versions: .keep) { try fixture.states(old) == [.expired] }
        #expect(stub.objects.count == 60 && stub.versions.count == 66)
        #expect(try status.read().bucket?.versions == .kept && status.read().error == nil)
    }

    @Test func `a hold locks the objects of its time, also those that come later, and its release unlocks them`() throws
    {
        let (stub, client) = try store {
            $0.versioning = "Enabled"
            $0.hasObjectLock = true
        }
        let fixture = try RetentionFixture(days: 30)
        let early = try record(fixture, hoursAgo: 20, count: 4, by: client)
        let hold = try hold(fixture, hoursAgo: 20, seconds: 7200)
        let other = try self.hold(fixture, hoursAgo: 20, seconds: 5)
        let bucket = S3RetentionBucket(client)
        try run(fixture, bucket) {
            try progress(of: hold, fixture)?.isComplete == true && stub.legalHolds.count == 4
        }
        #expect(try progress(of: hold, fixture)?.objects == 4)
        // Stored after the hold was gone through; the next round comes a minute later.
        let late = try record(fixture, hoursAgo: 19, count: 2, by: client)
        try fixture.connection.execute("update legal_holds set looked_at = looked_at - interval '1 hour 1 minute'")
        try run(fixture, bucket) { stub.legalHolds.count == 6 }
        #expect(stub.legalHolds == Set((early + late).map(\.header.objectKey)))
        _ = try HoldStore(fixture.connection).release(hold.id, reason: "closed", by: .user("ben"))
        try run(fixture, bucket) { try isDone(hold, fixture) }
        // The other hold covers one of them still.
        #expect(stub.legalHolds == [early[0].header.objectKey])
        _ = try HoldStore(fixture.connection).release(other.id, reason: "closed", by: .user("ben"))
        try run(fixture, bucket) { stub.legalHolds.isEmpty }
    }

    private func progress(of hold: Hold, _ fixture: RetentionFixture) throws -> Hold.Protection? {
        try HoldStore(fixture.connection).get(hold.id)?.protection
    }

    private func isDone(_ hold: Hold, _ fixture: RetentionFixture) throws -> Bool {
        try fixture.connection.rows(
            "select coalesce(bool_and(is_done), false) from legal_holds where hold_id = \(hold.id)",
            as: (Bool).self
        ) == [true]
    }

    @Test func `a store that refuses legal holds says so in the hold, and the rest goes on`() throws {
        let (stub, client) = try store {
            $0.versioning = "Enabled"
            ($0.hasObjectLock, $0.legalHoldStatus) = (true, 403)
        }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        let hold = try hold(fixture, hoursAgo: 5, seconds: 60)
        try run(fixture, S3RetentionBucket(client)) {
            let isRefused = try progress(of: hold, fixture)?.error == "AccessDenied"
            return try isRefused && fixture.states(old) == [.expired]
        }
        #expect(try RetentionStatusStore(fixture.connection).read().error == nil)
        #expect(try progress(of: hold, fixture)?.refused == 6 && stub.legalHolds.isEmpty)
    }

    @Test func `what the store locks stays expiring, is counted, and goes after its time`() throws {
        let (stub, client) = try store {
            $0.versioning = "Enabled"
            $0.hasObjectLock = true
        }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        stub.change { $0.retainedUntil = [old[1].header.objectKey: "2031-01-02T03:04:05Z"] }
        let store = SegmentStore(fixture.connection)
        let locked = LockedSegmentStore(fixture.connection)
        try run(fixture, S3RetentionBucket(client)) { try locked.sum().segments == 1 }
        let until = Timestamp(rfc3339: "2031-01-02T03:04:05Z")
        #expect(try locked.sum() == .init(segments: 1, bytes: 2_500_000, firstUntil: until, lastUntil: until))
        #expect(try store.states(of: old.map(\.id))[old[1].id] == .expiring)
        #expect(try RetentionStatusStore(fixture.connection).read().error == nil)
        // It is not asked about again before its time.
        #expect(try ExpiryStore(fixture.connection).expiring(after: nil).isEmpty)
        stub.change { $0.retainedUntil = [:] }
        try fixture.connection.execute("update locked_segments set until = now()")
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
        #expect(try locked.sum() == .init() && stub.versions.count == 60)
    }

    @Test func `a hold over what is decided and still there takes the decision back`() throws {
        let (stub, client) = try store { $0.bucketStatus = nil }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 3, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        try fixture.takePlan()
        #expect(try fixture.decideAll().count == 3)
        _ = try client.delete([old[0].header.objectKey])
        let hold = try hold(fixture, hoursAgo: 30, seconds: 15)
        let facts = try HoldStore(fixture.connection).facts(of: hold)
        #expect(facts.decided == 2 && facts.sum == .zero && facts.deletedBefore != nil)
        let bucket = ListingBucket(S3RetentionBucket(client), stub)
        try run(fixture, bucket) { try fixture.states([old[1]]) == [.stored] && fixture.states([old[2]]) == [.expired] }
        #expect(try fixture.states([old[0]]) == [.expired])
        #expect(Set(stub.objects.keys).intersection(old.map(\.header.objectKey)) == [old[1].header.objectKey])
        #expect(try HoldStore(fixture.connection).facts(of: hold).sum.segments == 1)
        let counts = try fixture.connection.rows("select sum(segments)::bigint from camera_hours", as: (Int64).self)
        #expect(counts == [61 as Int64])
    }

    /// Lists what the stub has, which answers lists of objects with none.
    private struct ListingBucket: RetentionBucket {
        let real: S3RetentionBucket
        let stub: S3Stub

        init(_ real: S3RetentionBucket, _ stub: S3Stub) { (self.real, self.stub) = (real, stub) }

        func delete(_ keys: [String], isOfAllVersions: Bool) throws(S3Error) -> S3Deletion {
            try real.delete(keys, isOfAllVersions: isOfAllVersions)
        }
        func versioning() throws(S3Error) -> S3Versioning { try real.versioning() }
        func tryListOfVersions() throws(S3Error) { try real.tryListOfVersions() }
        func hasObjectLock() throws(S3Error) -> Bool { try real.hasObjectLock() }
        func locks(of versions: [S3Version]) -> [S3Version: S3ObjectLock] { real.locks(of: versions) }
        func setLegalHold(_ isOn: Bool, on keys: [String]) throws(S3Error) -> S3LegalHolds {
            try real.setLegalHold(isOn, on: keys)
        }
        func existing(_ keys: [String]) throws(S3Error) -> Set<String> { Set(stub.objects.keys).intersection(keys) }
    }

    @Test func `a life that ends after any of its steps is finished by the next`() throws {
        let (stub, client) = try store { $0.versioning = "Enabled" }
        let fixture = try RetentionFixture(days: 1)
        let logger = Logger(label: "retention", level: .error)
        for steps in 1...9 {
            let old = try record(fixture, hoursAgo: 30 + Int64(steps), count: 3, by: client)
            if steps == 1 { try record(fixture, hoursAgo: 5, count: 200, by: client) }
            let shell = RetentionShell(
                holder: "life \(steps)",
                connection: fixture.database.connect(),
                buckets: [.home: S3RetentionBucket(client)],
                logger: logger
            )
            try fixture.connection.execute("update retention_status set lease_until = null")
            try fixture.connection.execute("delete from deletions")
            var schedule = RetentionSchedule(now: .now())
            for _ in 0..<steps {
                let action = schedule.next(now: .now())
                // The last step is carried out, and what came of it is forgotten.
                guard let event = shell.perform(action) else { break }
                schedule.take(event, now: .now())
            }
            try fixture.connection.execute("update retention_status set lease_until = null")
            try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
            #expect(stub.versions.count == 200, "\(steps) steps")
        }
    }

    @Test func `partial errors leave their rows alone`() throws {
        let (stub, client) = try store { _ in }
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 4, by: client)
        try record(fixture, hoursAgo: 5, count: 60, by: client)
        stub.change { $0.deletionRefusals = [old[2].header.objectKey: "InternalError"] }
        let store = SegmentStore(fixture.connection)
        try run(fixture, S3RetentionBucket(client)) { try store.get(old[2].id)?.error == "InternalError" }
        #expect(try store.get(old[2].id)?.state == .expiring)
        #expect(try fixture.states([old[0], old[1], old[3]]) == [.expired])
        stub.change { $0.deletionRefusals = [:] }
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
    }
}
