import Glibc
import HTTPTypes
import HTTPRouting
import Lifecycle
import Logging
import ObserverCore
import ObserverRetention
import ObserverStore
import ObserverWeb
import Postgres
import System
import TemporaryFolders
import TestSupport
import Testing

/// Recordings whose time is over: gone for everybody who asks from the decision on, whatever is still there; then their rows.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct ExpiredRecordingTests: RetentionTrial {
    // MARK: Addresses

    /// Decides about segments as retention does.
    private func expire(_ segments: [Segment], _ state: SegmentState, in database: PostgresConnection) throws {
        let ids = segments.map(\.id)
        try database.execute(
            "update segments set state = \(state), previous_state = 'stored', expired_at = now() where id = any(\(ids))"
        )
    }

    @Test(arguments: [SegmentState.expiring, .expired])
    func `every way to it answers 410, also while its bytes are still there`(state: SegmentState) throws {
        let folder = TemporaryFolder()
        let harness = try WebHarness(["OBSERVER_SPOOL": folder.path])
        let database = harness.context.database
        let camera = CameraID(rawValue: try harness.addCamera())
        let segments = (0..<3).map { Segment.sample(of: camera, at: Sample.start.advanced(bySeconds: Int64($0) * 10)) }
        try SegmentStore(database).write(segments.map { SegmentStore.Outcome($0, .stored) })
        let (before, gone) = (segments[0], segments[1])
        mkdir("\(folder.path)/ready", 0o700)
        let file = try #require(fopen("\(folder.path)/ready/\(gone.id).mp4", "w"))
        fclose(file)
        let page = "/controller/cameras/\(camera)"
        #expect(harness.call("GET", "/segments/\(gone.id).mp4").status == 200)
        #expect(harness.call("GET", "\(page)?segment=\(gone.id)").text.contains("\(gone.id).mp4"))
        try expire([gone], state, in: database)

        for role in Role.allCases {
            for headers in [[], [("Range", "bytes=0-1")], [("If-None-Match", "*")], [("Accept", "text/html")]] {
                let answer = harness.call("GET", "/segments/\(gone.id).mp4", as: role, headers: headers)
                #expect(answer.status == 410 && answer.response.header(.accelRedirect) == nil, "\(role) \(headers)")
            }
            #expect(harness.call("HEAD", "/segments/\(gone.id).mp4", as: role).status == 410)
            let shown = harness.call("GET", "\(page)?segment=\(gone.id)", as: role)
            #expect(shown.status == 410 && !shown.text.contains(".mp4") && shown.text.contains("its time was over"))
        }
        for address in [
            page, "\(page)?segment=\(before.id)", "/cameras/\(camera)/segments", "/cameras/\(camera)/timeline",
        ] {
            let answer = harness.call("GET", address)
            #expect(answer.status == 200 && !answer.text.contains(gone.id.description), "\(address)")
        }
        // That it was there is told to who asks for it, and only that.
        let deleted = harness.call("GET", "/cameras/\(camera)/segments?expired=true").text
        #expect(deleted.contains(gone.id.description) && !deleted.contains(before.id.description))
        #expect(harness.call("GET", "/cameras/\(camera)/segments?order=newest").text.contains(before.id.description))
        for wrong in ["order=", "expired=1"] {
            let answer = harness.call("GET", "/cameras/\(camera)/segments?\(wrong)")
            #expect(answer.wrongFields == [String(wrong.prefix { $0 != "=" })])
        }
        #expect(harness.call("POST", "/uploads/failed/\(gone.id)/retry").status == 409)
        // Without a token nobody learns that there was one.
        #expect(harness.call("GET", "/segments/\(gone.id).mp4", as: nil).status == 401)
        #expect(harness.call("GET", "/segments/\(before.id).mp4").status == 200)
    }

    @Test func `no way to one recording is left out of these tests`() throws {
        let harness = try WebHarness()
        let camera = CameraID(rawValue: try harness.addCamera())
        let gone = Segment.sample(of: camera)
        try SegmentStore(harness.context.database).write([SegmentStore.Outcome(gone, .stored)])
        try expire([gone], .expired, in: harness.context.database)
        let ways = Routes.router.routes.filter { $0.method == .get && $0.pattern.description.contains("{id:uuid}") }
        #expect(!ways.isEmpty)
        for way in ways {
            let path = way.pattern.description.replacing("{id:uuid}", with: gone.id.description).dropFirst(
                "/api/v1".count
            )
            #expect(harness.call("GET", String(path)).status == 410, "\(path)")
        }
    }

    // MARK: Rows

    @Test func `rows go thirty days after the recording, in as many steps as it takes`() throws {
        let fixture = try RetentionFixture()
        let connection = fixture.connection
        let segments = try fixture.record(hoursAgo: 5, count: 6)
        let (long, short, unknown) = (segments[0], segments[1], segments[2])
        try expire([long, short, unknown], .expired, in: connection)
        try connection.execute(
            "update segments set expired_at = now() - interval '30 days 1 minute' where id = \(long.id)"
        )
        try connection.execute(
            "update segments set expired_at = now() - interval '29 days 23 hours' where id = \(short.id)"
        )
        // Of a time before that was written down.
        try connection.execute("update segments set expired_at = null where id = \(unknown.id)")
        // Only the state says that it is deleted.
        try connection.execute(
            "update segments set expired_at = now() - interval '40 days' where id = \(segments[3].id)"
        )
        try expire([segments[4]], .expiring, in: connection)
        try connection.execute(
            "update segments set expired_at = now() - interval '40 days' where id = \(segments[4].id)"
        )
        let store = PartitionStore(connection)
        #expect(try store.removeExpired() == 1)
        let left = try connection.rows("select id from segments", as: (SegmentID).self)
        #expect(Set(left) == Set(segments.map(\.id)).subtracting([long.id]))
        #expect(try store.removeExpired() == 0)
        let since = try connection.rows(
            "select now() - expired_at < interval '1 minute' from segments where id = \(unknown.id)",
            as: (Bool).self
        )
        #expect(since == [true])

        let many = try fixture.record(hoursAgo: 4, count: PartitionStore.mostRemoved + 10, seconds: 3)
        try expire(many, .expired, in: connection)
        try connection.execute(
            "update segments set expired_at = now() - interval '31 days' where id = any(\(many.map(\.id)))"
        )
        #expect(try store.removeExpired() == many.count)
    }

    /// The services that write segments drop partitions; the role that deletes recordings has no right to.
    @Test(.enabled(if: TestEnvironment.has(.s3)))
    func `what the worker deletes takes its week along, and later its row`() throws {
        let client = try Store(server: .s3, isConditional: true).client()
        let fixture = try RetentionFixture(days: 1)
        let store = PartitionStore(fixture.connection)
        let weekOld = try record(fixture, hoursAgo: 24 * 7 * 6, count: 3, by: client)
        let dayOld = try record(fixture, hoursAgo: 30, count: 2, by: client)
        let young = try record(fixture, hoursAgo: 5, count: 60, by: client)
        _ = try store.rehouseStrays()
        let week = SegmentWeek(of: weekOld[0].startedAt)
        #expect(try store.partitions().contains(week.partition))
        #expect(try store.dropExpired(endedBefore: 2).isEmpty)

        try run(fixture, S3RetentionBucket(client)) { try fixture.states(weekOld + dayOld) == [.expired] }
        #expect(try objects(weekOld + dayOld, in: client) == 0 && objects(young, in: client) == 60)
        try fixture.connection.execute(
            "update segments set expired_at = now() - interval '31 days' where id = \(dayOld[0].id)"
        )
        try partitions(of: fixture) { $0.contains("Rows of expired segments removed") }
        #expect(try !store.partitions().contains(week.partition))
        let left = try fixture.connection.rows("select id from segments", as: (SegmentID).self)
        #expect(Set(left) == Set((young + [dayOld[1]]).map(\.id)))
    }

    /// Runs the service that looks after partitions until its log is as wanted; it looks once at its start.
    private func partitions(of fixture: RetentionFixture, until isDone: ([String]) -> Bool) throws {
        let log = MemoryLogSink()
        let logger = Logger(label: "partitions", level: .info, sink: log)
        let service = PartitionService(fixture.database.configuration, logger: logger)
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: "partitions") { service.run(until: stop) }
        defer {
            stop.stop()
            thread.join()
        }
        let isReached = poll { isDone(log.lines.map(\.message)) }
        #expect(isReached, "\(log.lines)")
    }
}
