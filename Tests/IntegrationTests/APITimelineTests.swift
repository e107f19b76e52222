import Encodings
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// The account of a camera's time, from rows to JSON.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct APITimelineTests {
    private let harness: WebHarness
    private let database: PostgresConnection
    private let camera: CameraID
    /// Two hours ago, so that nothing is too recent to be told of.
    private let start = Sample.now.advanced(bySeconds: -7200)

    init() throws {
        harness = try WebHarness()
        database = harness.context.database
        camera = CameraID(rawValue: try harness.addCamera())
        try database.execute("update cameras set created_at = \(start.advanced(bySeconds: -60)) where id = \(camera)")
        try flip(at: 0, true)
    }

    private func at(_ seconds: Int64) -> Timestamp { start.advanced(bySeconds: seconds) }

    private func flip(at seconds: Int64, _ isActive: Bool) throws {
        try database.execute(
            """
            insert into camera_switches (camera_id, at, is_active, actor)
            values (\(camera), \(at(seconds)), \(isActive), 'user:ada')
            """
        )
        try database.execute("update cameras set is_active = \(isActive) where id = \(camera)")
    }

    private func record(from seconds: Int64, count: Int64 = 1) throws {
        let segments = (0..<count).map { Segment.sample(of: camera, at: at(seconds + $0 * 10)) }
        try SegmentStore(database).upsertSpooled(segments)
    }

    private func store(from seconds: Int64) throws {
        try SegmentStore(database).markStored(Segment.sample(of: camera, at: at(seconds)), etag: nil)
    }

    private func gap(from seconds: Int64, to end: Int64?, _ cause: Cause = .unreachable) throws {
        try database.execute(
            """
            insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause, detail)
            values (\(camera), 0, 1, \(at(seconds)), \(end.map(at)), \(cause), 'no answer')
            """
        )
    }

    private func timeline(_ query: String) -> WebHarness.Answer {
        harness.call("GET", "/cameras/\(camera)/timeline\(query)", as: .viewer)
    }

    private func timeline(_ from: Int64, _ to: Int64) -> WebHarness.Answer {
        timeline("?from=\(at(from).rfc3339)&to=\(at(to).rfc3339)")
    }

    /// The stretches of a part as `from-to` in seconds after the start; `from-` lasts.
    private func stretches(_ answer: WebHarness.Answer, _ part: String) -> [String] {
        guard let list = answer[part]?.elements else { return ["no list: \(answer.text)"] }
        return list.map { stretch in
            let ends = ["from", "to"].map { name in
                let time = stretch[name]?.text.flatMap { Timestamp(rfc3339: $0) }
                return time.map { String(($0.milliseconds - start.milliseconds) / 1000) } ?? ""
            }
            return ends.joined(separator: "-")
        }
    }

    @Test func `an hour is told in stretches that add up`() throws {
        try record(from: 0, count: 3)
        try store(from: 30)
        try gap(from: 40, to: 60)
        try store(from: 60)
        try record(from: 80)
        try flip(at: 85, false)
        let answer = timeline(0, 100)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["from"] == .string(at(0).rfc3339) && answer["to"] == .string(at(100).rfc3339))
        #expect(stretches(answer, "wanted") == ["0-85"])
        #expect(stretches(answer, "covered") == ["0-40", "60-70", "80-85"])
        #expect(stretches(answer, "gaps") == ["40-60"])
        #expect(stretches(answer, "unexplained") == ["70-80"])
        #expect(stretches(answer, "waiting") == ["0-30", "80-85"])
        #expect(answer["held"] == .array([]))
        let gap = answer["gaps"]?.elements.first
        #expect(gap?["cause"]?.text == "unreachable" && gap?["detail"]?.text == "no answer")
        #expect(stretches(timeline(35, 65), "covered") == ["35-40", "60-65"])
        #expect(stretches(timeline(90, 100), "wanted") == [])
    }

    @Test func `what is lost or expired is not covered, and the smaller stream counts for nothing`() throws {
        let (lost, expired, sub) = (
            Segment.sample(of: camera, at: at(0)), Segment.sample(of: camera, at: at(10)),
            Segment.sample(of: camera, .sub, at: at(20))
        )
        try SegmentStore(database).upsertSpooled([lost, expired, sub])
        try SegmentStore(database).markLost(lost, reason: "the disk died")
        try SegmentStore(database).write([.init(expired, .expired)])
        let failed = Segment.sample(of: camera, at: at(30))
        try SegmentStore(database).markFailed(failed, tries: 3, error: "403")
        let answer = timeline(0, 40)
        #expect(stretches(answer, "unexplained") == ["0-30"])
        #expect(stretches(answer, "covered") == ["30-40"])
        #expect(stretches(answer, "waiting") == [])
    }

    @Test func `a gap that lasts ends with null, and by default the last day is told`() throws {
        try record(from: 0)
        try gap(from: 10, to: nil, .dns)
        #expect(stretches(timeline(0, 100), "gaps") == ["10-"])
        let day = timeline("")
        #expect(stretches(day, "gaps") == ["10-"])
        #expect(stretches(day, "covered") == ["0-10"])
        let from = try #require(day["from"]?.text.flatMap { Timestamp(rfc3339: $0) })
        let to = try #require(day["to"]?.text.flatMap { Timestamp(rfc3339: $0) })
        #expect(to.milliseconds - from.milliseconds == 86_400_000)
    }

    @Test func `the seconds that a recorder still holds are beyond the end`() throws {
        let newest = Sample.now.advanced(bySeconds: -12)
        try SegmentStore(database).upsertSpooled([Segment.sample(of: camera, at: newest)])
        let from = newest.advanced(bySeconds: 1).rfc3339
        let answer = timeline("?from=\(from)&to=\(Sample.now.advanced(bySeconds: 600).rfc3339)")
        #expect(answer["to"] == .string(newest.advanced(bySeconds: 10).rfc3339))
        #expect(answer["unexplained"] == .array([]))
    }

    @Test func `more gaps and days than one statement reads are all told`() throws {
        let began = at(-20 * 86_400)
        try database.execute("update cameras set created_at = \(began) where id = \(camera)")
        try database.execute("delete from camera_switches")
        try database.execute(
            """
            insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause)
            select \(camera), 0, 1, \(began)::timestamptz + n * interval '10 minutes',
                \(began)::timestamptz + n * interval '10 minutes' + interval '1 minute', 'stalled'
            from generate_series(0, 2499) n
            """
        )
        let segments = (0..<20).map { Segment.sample(of: camera, at: began.advanced(bySeconds: $0 * 86_400 + 300)) }
        try SegmentStore(database).upsertSpooled(segments)
        let answer = timeline("?from=\(began.rfc3339)&to=\(at(0).rfc3339)")
        #expect(answer["sums"]?["gaps_ms"]?.integer == Int64(2500 * 60_000))
        #expect(answer["gaps"]?.elements.count ?? 0 > 20 && answer.text.utf8.count <= 30_000)
        #expect(answer["covered"]?.elements.count == 20)
    }

    @Test func `a deleted camera keeps its timeline, and one that never was has none`() throws {
        try record(from: 0)
        #expect(harness.call("DELETE", "/cameras/\(camera)").status == 204)
        #expect(stretches(timeline(0, 10), "covered") == ["0-10"])
        #expect(harness.call("GET", "/cameras/999999/timeline").status == 404)
    }

    @Test(arguments: [
        ("?from=yesterday", "from"), ("?to=1", "to"), ("?resolution=-1", "resolution"),
        ("?resolution=fine", "resolution"), ("?resolution=86400001", "resolution"), ("?step=1", "step"),
        ("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "to"), ("?from=2199-01-01T00:00:00Z", "from"),
        ("?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00.001Z", "from"),
        ("?from=0000-01-01T00:00:00Z&to=9999-12-31T00:00:00Z", "from"),
    ])
    func `a wrong parameter is named`(_ query: String, _ field: String) {
        let answer = timeline(query)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.wrongFields == [field])
    }

    @Test(arguments: [
        "?from=0000-01-01T00:00:00Z&to=0000-01-31T00:00:00Z", "?from=9999-12-01T00:00:00Z&to=9999-12-31T00:00:00Z",
        "?to=0000-01-01T00:00:00Z", "?to=9999-12-31T23:59:59.999999Z&resolution=86400000",
    ])
    func `the ends of time are answered`(_ query: String) {
        let answer = timeline(query)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["wanted"] == .array([]))
    }

    /// The sums of a range in milliseconds.
    private func sums(_ from: Timestamp, _ to: Timestamp) throws -> [String: Int64] {
        let answer = timeline("?from=\(from.rfc3339)&to=\(to.rfc3339)")
        #expect(answer.status == 200 && answer.text.utf8.count <= 30_000, "\(answer.text.prefix(300))")
        let names = ["wanted_ms", "covered_ms", "gaps_ms", "unexplained_ms", "waiting_ms", "lost_ms"]
        return Dictionary(uniqueKeysWithValues: names.map { ($0, answer["sums"]?[$0]?.integer ?? -1) })
    }

    @Test func `days by the hour say exactly what short ranges say by their segments`() throws {
        var numbers = SystemRandomNumberGenerator()
        let begin = start.advanced(bySeconds: -30 * 3600)
        try database.execute("update cameras set created_at = \(begin.advanced(bySeconds: -60)) where id = \(camera)")
        let switched = begin.advanced(bySeconds: -60)
        try database.execute("update camera_switches set at = \(switched) where camera_id = \(camera)")
        var at = begin
        var segments: [Segment] = []
        while at < start {
            let length = Int64.random(in: 1...120_000, using: &numbers)
            let kind = Int.random(in: 0..<8, using: &numbers)
            if kind == 0 {
                let gap: SQL = """
                    insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause)
                    values (\(camera), 0, 1, \(at), \(at.advanced(byMilliseconds: length)), 'stalled')
                    """
                try database.execute(gap)
            } else if kind > 1 {
                segments.append(Segment.sample(of: camera, at: at, milliseconds: length))
            }
            let overlap = kind == 7 ? Int64.random(in: 0...length, using: &numbers) : 0
            at = at.advanced(byMilliseconds: length - overlap)
        }
        try SegmentStore(database).upsertSpooled(segments)
        try SegmentStore(database).write(segments.shuffled().dropFirst(30).map { SegmentStore.Outcome($0, .stored) })
        try SegmentStore(database).write(segments.shuffled().prefix(20).map { SegmentStore.Outcome($0, .lost) })
        for isMended in [false, true] {
            if isMended { try HourStore(database).mend(youngest: 0) }
            let whole = try sums(begin, start)
            var parts: [String: Int64] = [:]
            var from = begin
            while from < start {
                let to = min(start, from.advanced(bySeconds: 3600))
                parts.merge(try sums(from, to)) { $0 + $1 }
                from = to
            }
            #expect(whole == parts)
            #expect(whole["wanted_ms"] == Int64(108_000_000))
        }
    }

    @Test func `a camera that fails every minute for a month has a small answer in which nothing is missing`() throws {
        let begin = start.advanced(bySeconds: -31 * 86_400)
        try database.execute("update cameras set created_at = \(begin) where id = \(camera)")
        try database.execute("update camera_switches set at = \(begin) where camera_id = \(camera)")
        let minutes = 31 * 1440
        try database.execute(
            """
            insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause, detail)
            select \(camera), 0, 1, at, at + interval '10 s', (array['stalled', 'dns', 'disk_full'])[1 + n % 3], repeat('x', 900)
            from generate_series(0, \(minutes - 1)) n
            cross join lateral (select \(begin)::timestamptz + n * interval '1 minute' as at) m
            """
        )
        try database.execute(
            """
            insert into camera_hours (camera_id, stream, hour, covered_ms, segments, covered, counted_ms)
            select \(camera), 0, hour, sum(50000), count(*), range_agg(segment_cover(at, 50000, hour)), sum(50000)
            from generate_series(0, \(minutes - 1)) n
            cross join lateral (select \(begin)::timestamptz + n * interval '1 minute' + interval '10 s' as at) m
            cross join lateral (select date_trunc('hour', at, 'UTC') as hour) h group by 3
            """
        )
        let sums = try sums(begin, start)
        #expect(sums["wanted_ms"] == Int64(minutes) * 60_000 && sums["gaps_ms"] == Int64(minutes) * 10_000)
        let answer = timeline("?from=\(begin.rfc3339)&to=\(start.rfc3339)")
        #expect(answer["resolution"]?.integer ?? 0 > 0)
        let causes = Set(answer["gaps"]?.elements.compactMap { $0["cause"]?.text } ?? [])
        #expect(causes == ["stalled", "dns", "disk_full"])
    }

    @Test func `what was deleted, what is lost and what never was are told apart`() throws {
        try record(from: 0, count: 3)
        let lost = Segment.sample(of: camera, at: at(40))
        try SegmentStore(database).write([SegmentStore.Outcome(lost, .lost)])
        try database.execute(
            """
            insert into deletions (camera_id, stream, reason, before, state, due_segments, due_bytes, segments)
            values (\(camera), 0, 'age', \(at(35)), 'done', 5, 5, 5)
            """
        )
        let answer = timeline(-50, 100)
        #expect(stretches(answer, "expired") == ["30-35"])
        #expect(stretches(answer, "wanted") == ["0-30", "35-100"])
        #expect(stretches(answer, "lost") == ["40-50"])
        #expect(stretches(answer, "unexplained") == ["35-100"])
        let hours = timeline(-86_400, 100)
        #expect(stretches(hours, "lost") == ["40-50"] && stretches(hours, "covered") == ["0-30"])
    }
}

extension JSONValue {
    fileprivate var integer: Int64? { if case .int(let number) = self { number } else { nil } }
}
