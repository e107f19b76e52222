import ObserverCore
import ObserverStore
import Postgres
import System
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct PartitionStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let partitions: PartitionStore
    let segments: SegmentStore
    let camera = CameraID(rawValue: 7)

    /// A database without any weekly partition.
    init() throws {
        database = try TestDatabase(migrated: false)
        connection = database.connect()
        try Migrator(connection).migrate(try Migration.load(from: TestDatabase.migrationsDirectory))
        partitions = PartitionStore(connection)
        segments = SegmentStore(connection)
    }

    private func week(_ offset: Int64) -> SegmentWeek { SegmentWeek(of: Sample.now).advanced(by: offset) }

    private func segment(_ week: Int64, _ seconds: Int64 = 100) -> Segment {
        Segment.sample(of: camera, at: self.week(week).start.advanced(bySeconds: seconds))
    }

    private func table(of segment: Segment) throws -> String? {
        try connection.rows("select tableoid::regclass::text from segments where id = \(segment.id)", as: (String).self)
            .first
    }

    @Test func `partitions are created from last week to four weeks ahead, once`() throws {
        #expect(try partitions.condition().missing == (0...4).map(week))
        #expect(try partitions.prepare() == (-1...4).map(week))
        #expect(try partitions.prepare() == [])
        #expect(try partitions.partitions() == (-1...4).map { week($0).partition }.sorted())
        let condition = try partitions.condition()
        #expect(condition.missing.isEmpty && condition.strays == nil)
    }

    @Test func `several processes may create them at once`() throws {
        let created = Lock<[SegmentWeek]>([])
        let errors = Lock<[String]>([])
        let threads = (0..<4).map { _ in
            DedicatedThread.start(name: "prepare") { [database] in
                do {
                    let weeks = try PartitionStore(database.connect()).prepare()
                    created.withLock { $0 += weeks }
                } catch {
                    errors.withLock { $0.append("\(error)") }
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(errors.withLock { $0 } == [])
        // A process leaves a week to the one that is just creating one; the next call finds what is missing.
        let rest = try partitions.prepare()
        #expect((created.withLock { $0 } + rest).sorted() == (-1...4).map(week))
    }

    @Test func `rows of a week go to its partition, and move there when it comes late`() throws {
        let (early, late) = (segment(0), segment(0, 200))
        try segments.write([SegmentStore.Outcome(early, .failed, tries: 3, error: "403")])
        #expect(try table(of: early) == "segments_default")
        let before = try segments.get(early.id)
        #expect(try partitions.condition().strays == early.startedAt...early.startedAt)
        try partitions.prepare()
        try segments.upsertSpooled([late])
        #expect(try table(of: early) == week(0).partition && table(of: late) == week(0).partition)
        #expect(try segments.get(early.id) == before)
        #expect(try segments.list(.init(camera: camera)).map(\.segment) == [early, late])
        #expect(try partitions.condition().strays == nil)
    }

    @Test func `rows of other times are kept, found, and rehoused when their week has begun`() throws {
        try partitions.prepare()
        let past = Segment.sample(of: camera, at: try #require(Timestamp(rfc3339: "2000-01-01T05:00:00Z")))
        let older = segment(-30)
        let future = Segment.sample(of: camera, at: try #require(Timestamp(rfc3339: "2199-12-31T05:00:00Z")))
        try segments.upsertSpooled([past, older, future])
        #expect(try partitions.condition().strays == past.startedAt...future.startedAt)
        for segment in [past, older, future] {
            #expect(try table(of: segment) == "segments_default")
            let found = try segments.list(
                .init(camera: camera, from: segment.startedAt, to: segment.startedAt.advanced(bySeconds: 1))
            )
            #expect(found.map(\.segment) == [segment])
        }
        #expect(try partitions.rehouseStrays() == [SegmentWeek(of: past.startedAt), week(-30)])
        #expect(try table(of: older) == week(-30).partition)
        #expect(try table(of: future) == "segments_default")
        #expect(try segments.list(.init(camera: camera)).map(\.segment) == [past, older, future])
        #expect(try segments.newest(of: camera)?.segment == future)
    }

    @Test func `a new partition has the indices and settings of the others`() throws {
        try partitions.prepare()
        let indices: SQL = """
            select count(*) from pg_index i join pg_inherits h on h.inhrelid = i.indexrelid
            where i.indrelid = to_regclass(\(week(4).partition)) and i.indisvalid
            """
        #expect(try connection.rows(indices, as: (Int).self) == [7])
        let settings: SQL = """
            select count(distinct reloptions) from pg_class c join pg_inherits h on h.inhrelid = c.oid
            where h.inhparent = 'segments'::regclass and reloptions is not null
            """
        #expect(try connection.rows(settings, as: (Int).self) == [1])
    }

    @Test func `a partition is created while others read and write, and gives up where it can't lock`() throws {
        let reader = database.connect()
        try reader.execute("begin")
        try reader.execute("select * from segments")
        let error = #expect(throws: PostgresError.self) { try partitions.prepare() }
        #expect(error?.kind == .interrupted)
        #expect(try partitions.partitions() == [])
        try reader.execute("commit")
        #expect(try partitions.prepare().count == 6)
    }

    @Test func `only a week that has expired is dropped`() throws {
        try partitions.prepare()
        let rows = [segment(-1), segment(-1, 200)]
        try segments.upsertSpooled(rows)
        try segments.write([SegmentStore.Outcome(rows[0], .expired)])
        #expect(try !partitions.dropExpired(week(-1)))
        try segments.write([SegmentStore.Outcome(rows[1], .expired)])
        #expect(try partitions.dropExpired(week(-1)))
        #expect(try !partitions.dropExpired(week(-1)))
        #expect(try segments.get(rows[0].id) == nil)
        #expect(try segments.list(.init(camera: camera)).isEmpty)
        #expect(try connection.rows("select sum(covered_ms)::bigint from camera_hours", as: (Int).self) == [0])
    }

    // MARK: Plans

    @Test func `the lowest identifier of a time is the same for the database and the program`() throws {
        for time in [
            "1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-11-23T20:01:02.123Z", "9999-12-31T23:59:59Z",
        ] {
            let time = try #require(Timestamp(rfc3339: time))
            let id = try connection.rows("select segment_id_at(\(time))", as: (SegmentID).self).first
            let week = SegmentWeek(of: time)
            #expect(id?.milliseconds == max(time.milliseconds, 0))
            #expect(id.map { $0 >= week.bounds.from && $0 < week.bounds.to } == (time.milliseconds >= 0))
        }
    }

    @Test func `lists read the partitions of their time by index, the newest segment that of this week`() throws {
        try partitions.prepare()
        let now = Sample.now
        try connection.execute(
            """
            insert into segments (id, camera_id, stream, epoch, run, sequence, spool_id, recorder, started_at, duration_ms,
                bytes, sha256, init_bytes, init_sha256, media_start_90k, media_duration_90k, frames, codecs, width, height,
                has_audio, end_reason, object_key, state)
            select overlay(gen_random_uuid()::text placing substr(segment_id_at(at)::text, 1, 13) from 1)::uuid,
                1 + n % 20, 0, 1, gen_random_uuid(), 0, gen_random_uuid(), 'w', at, 10000, 1, sha256(''), 1, sha256(''), 0, 0,
                1, 'avc1', 1, 1, false, 'duration', 'k' || n, 'stored'
            from generate_series(1, 20000) n cross join lateral (select \(now)::timestamptz - n * interval '30 s' as at) t
            """,
            within: .seconds(60)
        )
        try connection.execute("analyze segments", within: .seconds(60))
        let day = SegmentStore.Query(
            camera: camera,
            from: now.advanced(bySeconds: -7200),
            to: now.advanced(bySeconds: -3600),
            limit: 10
        )
        var plan = try explain(SegmentStore.statement(day))
        #expect(plan.contains("Index Scan") && !plan.contains("Seq Scan"), "\(plan)")
        #expect(plan.contains("Subplans Removed"), "\(plan)")
        plan = try explain(SegmentStore.newestStatement(of: camera, .main))
        #expect(plan.contains("Index Scan") && !plan.contains("Seq Scan"), "\(plan)")
        for _ in 1...3 { _ = try CameraStore(connection).create(Sample.camera()) }
        plan = try explain(CameraStore.statement(CameraQuery(includesRecordings: true)))
        #expect(plan.contains("never executed") && !plan.contains("Seq Scan on segments"), "\(plan)")
    }

    private func explain(_ statement: SQL) throws -> String {
        try connection.rows(statement.explaining("analyze, timing off"), as: (String).self).joined(separator: "\n")
    }
}
