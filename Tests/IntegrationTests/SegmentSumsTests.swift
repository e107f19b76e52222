import ObserverCore
import ObserverStore
import Postgres
import System
import TestSupport
import Testing

/// The sums that follow from segments: hours and backlog.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct SegmentSumsTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: SegmentStore
    let camera = CameraID(rawValue: 7)

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = SegmentStore(connection)
    }

    private struct Hour: Equatable {
        var camera: Int64
        var hour: String
        var covered: Int64
        var bytes: Int64
        var segments: Int
    }

    private func hours() throws -> [Hour] {
        let statement: SQL = """
            select camera_id, to_char(hour, 'DD HH24:MI'), covered_ms, bytes, segments from camera_hours
            where covered_ms <> 0 or bytes <> 0 or segments <> 0 order by camera_id, stream, hour
            """
        return try connection.query(statement) { row throws(PostgresError) in
            Hour(
                camera: try row.next(),
                hour: try row.next(),
                covered: try row.next(),
                bytes: try row.next(),
                segments: try row.next()
            )
        }
    }

    /// Expects that the sums over all hours are those over all segments that there are.
    private func expectTotals(_ comment: Comment? = nil) throws {
        let difference: SQL = """
            select camera_id, stream, sum(ms)::bigint, sum(bytes)::bigint, sum(n)::bigint, sum(waiting)::bigint from (
                select camera_id, stream, duration_ms as ms, bytes, 1 as n,
                    case when state = 'spooled' then duration_ms else 0 end as waiting
                from segments where state in ('spooled', 'stored', 'failed')
                union all
                select camera_id, stream, -covered_ms, -bytes, -segments, 0 from camera_hours
                union all
                select camera_id, stream, 0, 0, 0, -waiting_ms from camera_backlog
            ) all_sums group by camera_id, stream
            having sum(ms) <> 0 or sum(bytes) <> 0 or sum(n) <> 0 or sum(waiting) <> 0
            """
        let wrong = try connection.rows(difference, as: (Int64, Int16, Int64, Int64, Int64, Int64).self)
        #expect(wrong.isEmpty, comment)
        try expectCover(comment)
    }

    /// Expects that each hour that claims to know what segments cover of it does, and that all do after they were mended.
    private func expectCover(_ comment: Comment? = nil) throws {
        let wrongCover: SQL = """
            select hour from camera_hours
            where counted_ms = covered_ms and covered <> hour_cover(camera_id, stream, hour)
            """
        #expect(try connection.rows(wrongCover, as: (Timestamp).self).isEmpty, comment)
    }

    @Test func `an hour knows what its segments cover, whatever overlaps, comes and goes`() throws {
        let start = try #require(Timestamp(rfc3339: "2026-11-23T09:50:00.0005Z"))
        var numbers = SystemRandomNumberGenerator()
        let segments = (0..<300).map { index in
            let shift = Int64.random(in: -12_000...12_000, using: &numbers)
            let at = start.advanced(byMilliseconds: Int64(index) * 10_000 + shift)
            return Segment.sample(of: camera, at: at, milliseconds: Int64.random(in: 0...30_000, using: &numbers))
        }
        try store.upsertSpooled(segments)
        let untold: SQL = "select count(*) from camera_hours where counted_ms <> covered_ms"
        #expect(try connection.rows(untold, as: (Int).self) == [0])
        try expectCover()
        let lost = segments.shuffled().prefix(40)
        try store.write(lost.map { SegmentStore.Outcome($0, .lost) })
        #expect(try connection.rows(untold, as: (Int).self).first ?? 0 > 0)
        try store.write(lost.prefix(20).map { SegmentStore.Outcome($0, .stored) })
        try expectCover()
        try HourStore(connection).mend(youngest: -86_400 * 3650)
        #expect(try connection.rows(untold, as: (Int).self) == [0])
        try expectCover()
        try store.write(segments.map { SegmentStore.Outcome($0, .stored) })
        try store.write(segments.map { SegmentStore.Outcome($0, .expired) })
        let left: SQL = "select count(*) from camera_hours where covered <> '{}' or counted_ms <> covered_ms"
        #expect(try connection.rows(left, as: (Int).self) == [0])
    }

    @Test func `a segment counts once, in whatever order and however often its states are written`() throws {
        let states = SegmentState.allCases
        let histories = states.flatMap { first in
            states.flatMap { second in states.map { third in [first, second, third, third] } }
        }
        // A camera for each, so that no mistake makes up for another.
        let segments = histories.indices.map { Segment.sample(of: CameraID(rawValue: Int64($0 + 1))) }
        for step in 0..<4 {
            try store.write(zip(segments, histories).map { SegmentStore.Outcome($0, $1[step]) })
            try expectTotals("step \(step)")
        }
    }

    @Test func `a segment across a full hour is split there, and taken away as it came`() throws {
        let start = try #require(Timestamp(rfc3339: "2026-11-23T19:59:57.001Z"))
        let segment = Segment.sample(of: camera, at: start, milliseconds: 10_000)
        try store.upsertSpooled([segment])
        // 2,500,000 bytes over 10,000 ms, 2,999 ms of them before eight o'clock.
        #expect(
            try hours() == [
                Hour(camera: 7, hour: "23 19:00", covered: 2999, bytes: 749_750, segments: 1),
                Hour(camera: 7, hour: "23 20:00", covered: 7001, bytes: 1_750_250, segments: 0),
            ]
        )
        try store.write([SegmentStore.Outcome(segment, .lost)])
        #expect(try hours().isEmpty)
        try store.write([SegmentStore.Outcome(segment, .stored)])
        #expect(try hours().count == 2)
        try store.write([SegmentStore.Outcome(segment, .expired)])
        #expect(try hours().isEmpty)
    }

    @Test func `a segment that ends on the full hour or reaches into a third hour is split right`() throws {
        let ten = try #require(Timestamp(rfc3339: "2026-11-23T10:00:00Z"))
        try store.upsertSpooled([Segment.sample(of: camera, at: ten.advanced(bySeconds: -10))])
        #expect(try hours().map(\.hour) == ["23 09:00"])
        let long = Segment.sample(
            of: CameraID(rawValue: 8),
            at: ten.advanced(bySeconds: -30),
            milliseconds: SegmentLimits.durationMilliseconds.upperBound
        )
        try store.upsertSpooled([long])
        #expect(try hours().map(\.covered) == [10_000, 30_000, 3_600_000, 30_000])
        try store.upsertSpooled([Segment.sample(of: CameraID(rawValue: 9), at: ten, milliseconds: 0)])
        #expect(try hours().last == Hour(camera: 9, hour: "23 10:00", covered: 0, bytes: 2_500_000, segments: 1))
        try expectTotals()
    }

    @Test func `writers of the same segments in any order neither lock each other out nor count twice`() throws {
        let start = try #require(Timestamp(rfc3339: "2026-11-23T09:59:00Z"))
        let segments = (0..<60).map { index in
            Segment.sample(
                of: CameraID(rawValue: Int64(1 + index % 3)),
                index.isMultiple(of: 2) ? .main : .sub,
                at: start.advanced(bySeconds: Int64(index) * 3)
            )
        }
        let errors = Lock<[String]>([])
        let threads = (0..<4).map { number in
            DedicatedThread.start(name: "writer-\(number)") { [database] in
                let store = SegmentStore(database.connect())
                for _ in 0..<15 {
                    let state: SegmentState =
                        number.isMultiple(of: 2) ? .spooled : [.stored, .failed, .lost][number % 3]
                    do {
                        let some = segments.shuffled().prefix(40)
                        try store.write(some.map { SegmentStore.Outcome($0, state) })
                    } catch {
                        errors.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(errors.withLock { $0 } == [])
        try expectTotals()
    }

    @Test func `a spooled segment that is stored already is not touched`() throws {
        let segment = Segment.sample(of: camera)
        try store.write([SegmentStore.Outcome(segment, .stored)])
        let version: SQL = "select xmin::text || xmax::text || ctid::text from segments"
        let before = try connection.rows(version, as: (String).self)
        #expect(try store.write([SegmentStore.Outcome(segment, .spooled)]) == [segment.id: .stored])
        #expect(try connection.rows(version, as: (String).self) == before)
        #expect(try connection.rows("select count(*) from camera_backlog", as: (Int).self) == [0])
    }
}
