import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct GapStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let gaps: GapStore
    let stream = StreamID(CameraID(rawValue: 7), .main)
    let start = Sample.start

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        gaps = GapStore(connection)
    }

    private func gap(_ seconds: Int64 = 0, epoch: Int64 = 2, _ stream: StreamID? = nil) -> Gap {
        Gap(
            stream: stream ?? self.stream,
            epoch: epoch,
            startedAt: start.advanced(bySeconds: seconds),
            cause: .stalled,
            detail: "silent"
        )
    }

    private func list() throws -> [Gap] {
        try gaps.list(stream, from: start.advanced(bySeconds: -86_400), to: start.advanced(bySeconds: 86_400))
    }

    @discardableResult
    private func open(_ gap: Gap, recorder: String = "node-a") throws -> Bool {
        try gaps.apply(.open(gap), recorder: recorder)
    }

    /// Closes a gap that began at a second.
    @discardableResult
    private func close(_ gap: Gap, at second: Int64, epoch: Int64? = nil) throws -> Bool {
        try gaps.apply(.close(closed(gap, at: second, epoch: epoch)), recorder: "node-a")
    }

    private func closed(_ gap: Gap, at second: Int64, epoch: Int64? = nil) -> Gap {
        var gap = gap
        (gap.endedAt, gap.epoch) = (start.advanced(bySeconds: second), epoch ?? gap.epoch)
        return gap
    }

    @discardableResult
    private func remove(_ gap: Gap, epoch: Int64 = 2) throws -> Bool {
        try gaps.apply(.remove(gap.stream, epoch: epoch, startedAt: gap.startedAt), recorder: "node-a")
    }

    @Test func `a gap is opened once and closed once`() throws {
        #expect(try open(gap()))
        #expect(try !open(gap(5)))
        #expect(try list() == [gap()])
        #expect(try close(gap(), at: 30))
        #expect(try !close(gap(), at: 40))
        #expect(try list() == [closed(gap(), at: 30)])
        let end = start.advanced(bySeconds: 30)
        #expect(try gaps.list(stream, from: end, to: end.advanced(bySeconds: 1)).isEmpty)
        #expect(try gaps.newest(stream) == [closed(gap(), at: 30)])
    }

    @Test func `a gap that is over needs not have been opened`() throws {
        #expect(try close(gap(), at: 30))
        #expect(try !close(gap(), at: 30))
        #expect(try !open(gap()))
        #expect(try list() == [closed(gap(), at: 30)])
    }

    @Test func `a gap that turned out to be none is removed`() throws {
        try open(gap())
        #expect(try remove(gap()))
        try close(gap(5), at: 9)
        #expect(try !remove(gap(5), epoch: 1))
        #expect(try remove(gap(5)))
        #expect(try list().isEmpty)
        #expect(try !remove(gap(5)))
    }

    @Test func `whatever was sent before may be sent again, from any place on`() throws {
        let changes: [GapChange] = [
            .open(gap()), .close(closed(gap(), at: 10)), .open(gap(20)),
            .remove(stream, epoch: 2, startedAt: gap(20).startedAt),
            .open(gap(21)), .close(closed(gap(21), at: 30)), .close(closed(gap(40), at: 50)),
            .remove(stream, epoch: 2, startedAt: gap(40).startedAt), .close(closed(gap(41), at: 50)), .open(gap(60)),
        ]
        for change in changes { try gaps.apply(change, recorder: "node-a") }
        let once = try list()
        let hours = try gapMilliseconds()
        #expect(once.count == 4)
        for first in changes.indices {
            for change in changes[first...] { try gaps.apply(change, recorder: "node-a") }
            #expect(try list() == once)
            #expect(try gapMilliseconds() == hours)
        }
    }

    private func gapMilliseconds() throws -> [Int] {
        try connection.rows("select gap_ms from camera_hours where camera_id = 7 order by hour", as: (Int).self)
    }

    @Test func `streams have gaps of their own`() throws {
        let sub = StreamID(stream.camera, .sub)
        try open(gap())
        #expect(try open(gap(0, sub)))
        try close(gap(0, sub), at: 9)
        #expect(try list() == [gap()])
    }

    // MARK: Epochs

    @Test func `a recorder of an older epoch closes no gap of a newer one`() throws {
        try open(gap(epoch: 3), recorder: "node-b")
        #expect(try !close(gap(), at: 9))
        #expect(try list().map(\.endedAt) == [nil])
        #expect(try close(gap(), at: 9, epoch: 3))
    }

    @Test func `an open gap belongs to the newest epoch that reported it`() throws {
        try open(gap(epoch: 2))
        #expect(try !open(gap(5, epoch: 3), recorder: "node-b"))
        #expect(try !close(gap(), at: 9))
        #expect(try close(gap(), at: 9, epoch: 4))
        #expect(try list().map(\.epoch) == [4])
    }

    @Test func `a gap that a recorder without the database did not know of ends where its own begins`() throws {
        try open(gap())
        #expect(try close(gap(30), at: 40))
        #expect(try list() == [closed(gap(), at: 30), closed(gap(30), at: 40)])
        #expect(try gapMilliseconds().reduce(0, +) == 40_000)
        try open(gap(50, epoch: 3), recorder: "node-b")
        #expect(try !close(gap(60), at: 70))
        #expect(try list().last?.endedAt == nil)
    }

    @Test func `a recorder that has lost the camera opens no gap`() throws {
        let cameras = CameraStore(connection)
        let recorders = RecorderStore(connection)
        let camera = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        let stream = StreamID(camera, .main)
        for name in ["node-a", "node-b"] {
            let incarnation = try recorders.register(name, spool: Sample.spoolID, version: "1")
            if name == "node-b" { _ = try recorders.register("node-a", spool: Sample.spoolID, version: "1") }
            #expect(try recorders.claimOrphans(for: name, incarnation: incarnation).count == 1)
        }
        #expect(try !open(gap(epoch: 1, stream)))
        #expect(try open(gap(20, epoch: 2, stream), recorder: "node-b"))
        // What it saw before is history, unless the new one has accounted for it.
        #expect(try close(gap(5, epoch: 1, stream), at: 9))
        #expect(try !close(gap(25, epoch: 1, stream), at: 29))
    }

    // MARK: Hours

    @Test func `closed gaps are summed by the hour`() throws {
        let nine = try #require(Timestamp(rfc3339: "2026-11-23T09:00:00Z"))
        func add(_ from: Int64, _ to: Int64) throws {
            var gap = gap()
            gap.startedAt = nine.advanced(bySeconds: from)
            try open(gap)
            gap.endedAt = nine.advanced(bySeconds: to)
            try gaps.apply(.close(gap), recorder: "node-a")
        }
        try add(10, 20)
        try add(3590, 7205)
        let statement: SQL = "select gap_ms from camera_hours where camera_id = 7 and stream = 0 order by hour"
        #expect(try connection.rows(statement, as: (Int).self) == [20_000, 3_600_000, 5000])
        try gaps.apply(.remove(stream, epoch: 2, startedAt: nine.advanced(bySeconds: 3590)), recorder: "node-a")
        #expect(try connection.rows(statement, as: (Int).self) == [10_000, 0, 0])
    }

    @Test func `a gap of many years doesn't fill the table`() throws {
        var gap = gap()
        gap.startedAt = try #require(Timestamp(rfc3339: "2000-01-01T00:00:00Z"))
        gap.endedAt = start
        try gaps.apply(.close(gap), recorder: "node-a")
        let count = try connection.rows("select count(*) from camera_hours", as: (Int).self)
        #expect(count.allSatisfy { (9600...9601).contains($0) })
    }

    // MARK: Lists

    @Test func `short, long and open gaps are all found where they touch a stretch of time`() throws {
        var generator = SystemRandomNumberGenerator()
        var all: [Gap] = []
        var second: Int64 = 0
        for _ in 0..<150 {
            second += Int64.random(in: 1...5000, using: &generator)
            var next = gap(second)
            second += Int64.random(in: 1...(Bool.random(using: &generator) ? 100 : 20_000), using: &generator)
            try open(next)
            if all.count < 149 {
                next.endedAt = start.advanced(bySeconds: second)
                try gaps.apply(.close(next), recorder: "node-a")
            }
            all.append(next)
        }
        for _ in 0..<50 {
            let from = start.advanced(bySeconds: Int64.random(in: -1000...(second + 10_000), using: &generator))
            let to = from.advanced(bySeconds: Int64.random(in: 1...90_000, using: &generator))
            let expected = all.filter { $0.startedAt < to && $0.endedAt.map { $0 > from } ?? true }
            #expect(try gaps.list(stream, from: from, to: to) == expected)
        }
    }

    @Test func `a day is read without the gaps of the days before`() throws {
        try connection.execute(
            """
            insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause)
            select 7, 0, 1, at, at + interval '5 s', 'stalled'
            from generate_series(\(start)::timestamptz - interval '100 days', \(start), '10 minutes') at
            """
        )
        try connection.execute("analyze gaps")
        let statement = GapStore.statement(stream, from: start.advanced(bySeconds: -86_400), to: start)
        let plan = try connection.rows(statement.explaining("analyze, timing off"), as: (String).self)
        let seen = plan.compactMap { $0.firstMatch(of: /(?:actual rows=|Removed by \w+: )(\d+)/).flatMap { Int($0.1) } }
        // 144 of the day and those of the hour before.
        #expect(seen.count > 3 && seen.allSatisfy { $0 < 160 }, "\(plan.joined(separator: "\n"))")
    }
}
