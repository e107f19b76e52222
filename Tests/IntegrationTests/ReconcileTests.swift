import ObserverCore
import ObserverRetention
import ObserverStore
import Postgres
import S3
import System
import TestSupport
import Testing

/// Rows, spool and bucket against each other.
@Suite(.enabled(if: TestEnvironment.has(.database) && TestEnvironment.has(.s3)), .timeLimit(.minutes(5)))
struct ReconcileTests {
    private let fixture: CatalogueFixture
    private var gate: CameraID { fixture.cameras[0] }
    private var connection: PostgresConnection { fixture.connection }

    init() throws {
        fixture = try CatalogueFixture()
    }

    /// Ages all rows, so that they are judged.
    private func settle() throws {
        try connection.execute(
            """
            update segments set created_at = created_at - interval '1 day', stored_at = stored_at - interval '1 day'
            """
        )
    }

    /// Judges all days; what was put into the bucket now counts as old.
    private func findings(spool: CatalogueComparison.SpoolFiles? = nil) throws -> [CatalogueComparison.Finding] {
        let comparison = CatalogueComparison(fixture.bucket, connection, spool: spool, settling: -3600)
        var walk = CatalogueWalk(fixture.bucket, connection)
        var findings: [CatalogueComparison.Finding] = []
        var last: CatalogueDay?
        while let day = try walk.next(after: nil) {
            if let last { #expect(day.stream > last.stream || (day.stream == last.stream && day < last)) }
            last = day
            findings += try comparison.compare(day)
        }
        return findings
    }

    private func verdicts(_ findings: [CatalogueComparison.Finding]) -> [CatalogueVerdict: Set<SegmentID>] {
        Dictionary(grouping: findings, by: \.verdict).mapValues { Set($0.map(\.id)) }
    }

    private func mend(
        _ verdict: CatalogueVerdict,
        spool: CatalogueComparison.SpoolFiles? = nil
    ) throws -> CatalogueRunStore.Report {
        let comparison = CatalogueComparison(fixture.bucket, connection, spool: spool, settling: -3600)
        var report = CatalogueRunStore.Report()
        var walk = CatalogueWalk(fixture.bucket, connection)
        while let day = try walk.next(after: nil) {
            let findings = try comparison.compare(day).filter { $0.verdict == verdict }
            try CatalogueMender(fixture.bucket, connection).mend(findings, of: day, as: verdict, &report)
        }
        return report
    }

    @Test func `each class of the truth table is found, reported and mended`() throws {
        let sound = try fixture.record(gate, hoursAgo: 2, count: 5)
        let unnoted =
            try fixture.record(gate, hoursAgo: 5, count: 2, .spooled, hasObjects: true)
            + fixture.record(gate, hoursAgo: 6, count: 1, .lost, hasObjects: true)
        let orphans = try fixture.record(gate, hoursAgo: 30, count: 2, hasRows: false)
        let missing = try fixture.record(gate, hoursAgo: 31, count: 2, hasObjects: false)
        let undeleted = try fixture.record(fixture.cameras[1], hoursAgo: 50, count: 2, .expired, hasObjects: true)
        let mine = SegmentOrigin(recorder: "here", spoolID: .makeRandom())
        let gone = try fixture.record(gate, hoursAgo: 8, count: 2, .spooled, origin: mine)
        let waiting = try fixture.record(gate, hoursAgo: 9, count: 2, .spooled, origin: mine)
        let restorable = try fixture.record(gate, hoursAgo: 10, count: 2, hasObjects: false, origin: mine)
        let elsewhere = try fixture.record(gate, hoursAgo: 11, count: 1, .spooled)
        try settle()
        let spool = CatalogueComparison.SpoolFiles(
            id: mine.spoolID,
            segments: Set((waiting + restorable).map(\.id))
        )
        func ids(_ segments: [Segment]) -> Set<SegmentID> { Set(segments.map(\.id)) }
        let found = verdicts(try findings(spool: spool))
        #expect(found[.sound] == ids(sound) && found[.unnoted] == ids(unnoted) && found[.orphan] == ids(orphans))
        #expect(found[.missing] == ids(missing) && found[.undeleted] == ids(undeleted) && found[.gone] == ids(gone))
        #expect(found[.restorable] == ids(restorable) && found[.waiting] == ids(waiting + elsewhere))

        let rows = try CatalogueFixture.rows(connection)
        _ = try findings(spool: spool)
        #expect(try CatalogueFixture.rows(connection) == rows)

        for verdict in [CatalogueVerdict.unnoted, .orphan, .missing, .gone, .restorable, .undeleted] {
            _ = try mend(verdict, spool: spool)
        }
        let left = try findings(spool: spool).filter(\.verdict.isFinding)
        #expect(left.isEmpty, "\(left.map { "\($0.verdict) \($0.key)" })")
        let store = SegmentStore(connection)
        #expect(try Set(store.states(of: (unnoted + orphans + sound).map(\.id)).values) == [.stored])
        #expect(try Set(store.states(of: (missing + gone + restorable).map(\.id)).values) == [.lost])
        #expect(try Set(store.states(of: (waiting + elsewhere).map(\.id)).values) == [.spooled])
        #expect(throws: S3Error.self) { try fixture.bucket.client.head(undeleted[0].header.objectKey) }
        #expect(try SumsCheck.differences(connection) == [])
    }

    @Test func `an object that is there after all is never given up`() throws {
        let segments = try fixture.record(gate, hoursAgo: 3, count: 2, hasObjects: false)
        try settle()
        let found = try findings()
        #expect(found.count { $0.verdict == .missing } == 2)
        for segment in segments { try fixture.put(segment) }
        var report = CatalogueRunStore.Report()
        let day = CatalogueDay(segments[0].header.stream, at: segments[0].startedAt)
        try CatalogueMender(fixture.bucket, connection).mend(found, of: day, as: .missing, &report)
        #expect(report["segments_lost"] == 0)
        #expect(try Set(SegmentStore(connection).states(of: segments.map(\.id)).values) == [.stored])
    }

    @Test func `what has just changed is no finding`() throws {
        try fixture.record(gate, hoursAgo: 0, count: 2, hasObjects: false)
        try fixture.record(gate, hoursAgo: 1, count: 2, .spooled, hasObjects: true)
        try fixture.record(gate, hoursAgo: 2, count: 2, hasRows: false)
        let comparison = CatalogueComparison(fixture.bucket, connection)
        var walk = CatalogueWalk(fixture.bucket, connection)
        while let day = try walk.next(after: nil) {
            #expect(try comparison.compare(day).filter(\.verdict.isFinding).isEmpty)
        }
    }

    @Test func `the slow comparison goes on where it was, and keeps what it found`() throws {
        try fixture.record(gate, hoursAgo: 2, count: 2)
        try fixture.record(gate, hoursAgo: 50, count: 2, hasObjects: false)
        try settle()
        let runs = CatalogueRunStore(connection)
        #expect(fixture.shell().perform(.watch) == .watched(isEnd: false))
        let place = try #require(try runs.open(.watch)?.place)
        #expect(place == CatalogueDay(StreamID(gate, .main), at: fixture.hour.advanced(bySeconds: -7200)).path)
        // Another process goes on.
        let shell = fixture.shell()
        var steps = 0
        while shell.perform(.watch) == .watched(isEnd: false), steps < 10 { steps += 1 }
        let run = try #require(try runs.latest(.watch))
        #expect(run.report["missing"] == 2 && run.report["sound"] == 2)
        #expect(run.report.examples["missing"]?.count == 2)
        // The next pass begins after a day.
        #expect(fixture.shell().perform(.watch) == .watched(isEnd: false))
        #expect(try runs.open(.watch) == nil)
    }

    // MARK: A disk that is gone

    @Test func `the recordings of a spool that is gone become lost, in batches, and those of others do not`() throws {
        let dead = SegmentOrigin(recorder: "node-b", spoolID: .makeRandom())
        let given =
            try fixture.record(gate, hoursAgo: 30, count: 40, .spooled, origin: dead)
            + fixture.record(fixture.cameras[1], hoursAgo: 5, count: 2, .failed, origin: dead)
        let others = try fixture.record(gate, hoursAgo: 20, count: 3, .spooled)
        let stored = try fixture.record(gate, hoursAgo: 10, count: 1, origin: dead)
        let store = SpoolGiveUp(connection)
        #expect(try store.spools().first.map { [$0.segments, $0.bytes] } == [42, 42_000])
        #expect(try store.secondsSinceSign(of: dead.spoolID) == nil)
        let count = try store.giveUp(dead.spoolID, reason: "fire", by: "observerctl")
        #expect(count == 42)
        let segments = SegmentStore(connection)
        #expect(try Set(segments.states(of: given.map(\.id)).values) == [.lost])
        #expect(try segments.get(given[0].id)?.error?.contains("fire") == true)
        #expect(try Set(segments.states(of: others.map(\.id)).values) == [.spooled])
        #expect(try Set(segments.states(of: stored.map(\.id)).values) == [.stored])
        let run = try #require(try CatalogueRunStore(connection).latest(.giveUp))
        #expect(run.reason == "fire" && run.actor == "observerctl" && run.report["segments_lost"] == 42)
        #expect(run.place == dead.spoolID.description)
        #expect(try SumsCheck.differences(connection) == [])
        // The disk comes back after all.
        try segments.write([.init(given[0], .stored)])
        #expect(try segments.get(given[0].id)?.state == .stored)
    }

    @Test func `a spool that was in use lately has given a sign`() throws {
        let spool = SpoolID.makeRandom()
        _ = try RecorderStore(connection).register("node-c", spool: spool, version: "1")
        #expect(try SpoolGiveUp(connection).secondsSinceSign(of: spool).map { $0 < 60 } == true)
        let other = SpoolID.makeRandom()
        try connection.execute(
            """
            insert into uploaders (spool_id, name, instance, place, reported_at)
            values (\(other), 'node-d', gen_random_uuid(), 'there', now() - interval '1 hour')
            """
        )
        #expect(try SpoolGiveUp(connection).secondsSinceSign(of: other).map { (3590...3700).contains($0) } == true)
    }
}

/// Sums that are kept, against those that follow from the rows.
enum SumsCheck {
    static func differences(_ connection: PostgresConnection) throws -> [String] {
        let statement: SQL = """
            with real as (
                select camera_id, stream, date_trunc('hour', started_at, 'UTC') as hour, count(*) as segments
                from segments where state in ('spooled', 'stored', 'failed') group by 1, 2, 3
            )
            select coalesce(h.hour, r.hour)::text from real r full join (
                select * from camera_hours where segments <> 0) h using (camera_id, stream, hour)
            where h.segments is distinct from r.segments
            union all
            select 'waiting ' || b.camera_id from camera_backlog b where waiting_ms <> (
                select coalesce(sum(duration_ms), 0) from segments s
                where s.camera_id = b.camera_id and s.stream = b.stream and s.state = 'spooled')
            """
        return try connection.rows(statement, as: (String).self)
    }
}
