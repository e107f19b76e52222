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

/// Retention against PostgreSQL and stores that nobody here wrote.
@Suite(.enabled(if: TestEnvironment.has(.database) && !Store.all.isEmpty), .timeLimit(.minutes(3)))
struct RetentionTests: RetentionTrial {
    @Test(arguments: Store.all)
    func `objects and rows of what is over are gone, the others stay`(store: Store) throws {
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 5, in: store)
        let young = try record(fixture, hoursAgo: 5, count: 60, in: store)
        let client = try store.client()
        #expect(try objects(old + young, in: client) == 65)
        try run(fixture, S3RetentionBucket(client)) { try fixture.states(old) == [.expired] }
        #expect(try objects(old, in: client) == 0)
        #expect(try objects(young, in: client) == 60 && fixture.states(young) == [.stored])
        #expect(try RetentionStatusStore(fixture.connection).read().error == nil)
    }

    @Test(arguments: Store.all)
    func `objects that are gone already are no error, in bulk and singly`(store: Store) throws {
        let client = try store.client()
        let scratch = Store.scratch()
        let keys = (0..<5).map { "\(scratch)a<&>\($0) b.mp4" }
        for key in keys.prefix(3) {
            try client.put(S3Upload(key: key, body: .bytes([1]), sha256: SHA256.hex([1]), contentType: "video/mp4"))
        }
        #expect(try client.delete(keys) == S3Deletion())
        #expect(try client.delete(keys) == S3Deletion())
        #expect(try client.list(prefix: scratch).keys.isEmpty)
        #expect(try client.versioning() == .off)
    }

    @Test func `an answer that is lost is asked for again, and a life that ended is finished by the next`() throws {
        let store = try #require(Store.all.first)
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 5, in: store)
        try fixture.record(hoursAgo: 5, count: 60)
        // An earlier life has decided, and was killed before it deleted; its deletion is done.
        try fixture.takePlan()
        #expect(try fixture.decideAll().count == 5)
        let client = try store.client()
        #expect(try objects(old, in: client) == 5)
        let deleter = FaultyBucket(S3RetentionBucket(client), failures: 2)
        try run(fixture, deleter) { try fixture.states(old) == [.expired] }
        #expect(try objects(old, in: client) == 0)
    }

    @Test func `a bucket that keeps versions keeps its recordings, and the status says why`() throws {
        let store = try #require(Store.all.first)
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 1, in: store)
        try fixture.record(hoursAgo: 5, count: 60)
        let client = try store.client()
        let deleter = FaultyBucket(S3RetentionBucket(client), failures: 0, versions: .enabled, mayListVersions: false)
        let status = RetentionStatusStore(fixture.connection)
        try run(fixture, deleter) { try status.read().error?.contains("keeps versions") == true }
        #expect(try fixture.states(old) == [.stored] && objects(old, in: client) == 1)
    }

    @Test func `the role that deletes needs the rights of its file and no others`() throws {
        let store = try #require(Store.all.first)
        let fixture = try RetentionFixture(days: 1)
        let old = try record(fixture, hoursAgo: 30, count: 2, in: store)
        try fixture.record(hoursAgo: 5, count: 60)
        let role = fixture.connection
        try role.executeScript(
            unsafe: """
                do $$ begin create role observer_retention login;
                exception when duplicate_object or unique_violation then null; end $$;
                alter role observer_retention password 'retention'
                """
        )
        try role.executeScript(unsafe: try TestEnvironment.text(of: "sql/roles/retention.sql"))
        let url = try #require(fixture.database.url.split(separator: "@").last)
        let configuration = try PostgresConfiguration(
            url: "postgresql://observer_retention:retention@\(url)",
            applicationName: "observer-retention"
        )
        try run(fixture, S3RetentionBucket(try store.client()), configuration: configuration) {
            try fixture.states(old) == [.expired]
        }
        #expect(try RetentionStatusStore(fixture.connection).read().error == nil)
        let limited = PostgresConnection(configuration)
        for statement in ["select url from cameras", "select 1 from users", "delete from segments"] as [SQL] {
            let error = #expect(throws: PostgresError.self) { try limited.execute(statement) }
            #expect(error?.kind == .forbidden)
        }
        try role.executeScript(unsafe: "drop owned by observer_retention")
    }

    @Test func `the partition of a week is dropped when all of it has expired`() throws {
        let fixture = try RetentionFixture(days: 1)
        let store = PartitionStore(fixture.connection)
        let old = try fixture.record(hoursAgo: 24 * 7 * 6, count: 2)
        _ = try store.rehouseStrays()
        let week = SegmentWeek(of: old[0].startedAt)
        #expect(try store.partitions().contains(week.partition))
        #expect(try store.dropExpired(endedBefore: 2).isEmpty)
        try fixture.takePlan()
        #expect(try fixture.decideAll().count == 2)
        #expect(try store.dropExpired(endedBefore: 2).isEmpty)
        try ExpiryStore(fixture.connection).markExpired(old.map(\.id))
        #expect(try store.dropExpired(endedBefore: 2) == [week])
        #expect(try fixture.connection.rows("select count(*) from camera_hours", as: (Int).self) == [0])
        #expect(try store.dropExpired(endedBefore: 2).isEmpty)
    }
}
