import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import TestSupport
import Testing

/// Gaps on a camera's page, from rows to HTML.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct PageGapTests {
    private let harness: WebHarness
    private let database: PostgresConnection
    private let camera: CameraID
    private let midnight: Timestamp

    init() throws {
        harness = try WebHarness()
        database = harness.context.database
        camera = CameraID(rawValue: try harness.addCamera())
        let now = Sample.now.milliseconds
        midnight = Timestamp(milliseconds: now - now % 86_400_000 - 86_400_000)
        let created = midnight.advanced(bySeconds: -3 * 86_400)
        try database.execute("update cameras set created_at = \(created), is_active = true where id = \(camera)")
    }

    private func gap(_ from: Int64, _ to: Int64) throws {
        let (start, end) = (midnight.advanced(bySeconds: from), midnight.advanced(bySeconds: to))
        try database.execute(
            """
            insert into gaps (camera_id, stream, epoch, started_at, ended_at, cause)
            values (\(camera), 0, 1, \(start), \(end), 'unreachable')
            """
        )
    }

    private func page(_ query: String) -> String {
        harness.call("GET", "/controller/cameras/\(camera)?\(query)", as: .viewer).text
    }

    private func day(_ days: Int64) -> String {
        "day=\(midnight.advanced(bySeconds: days * 86_400).rfc3339.prefix(10))"
    }

    @Test func `a gap across midnight is on both days, and nothing recorded has its cause`() throws {
        try gap(-1800, 1800)
        let before = page(day(-1))
        #expect(before.contains("Nothing recorded for 30 min"))
        #expect(before.contains("23:30:00 to midnight · No answer"))
        #expect(before.contains("Nothing was recorded on"))
        #expect(page(day(0)).contains("midnight to 00:30:00 · No answer"))
        #expect(page(day(-2)).contains("midnight to midnight · Reason unknown"))
    }

    @Test func `a gap where a page of the list ends is on one of the two pages`() throws {
        // A gap of 20 s, with a page's worth of segments after it.
        let count = Int64(RecordingsView.length)
        let starts = [0, 10, 20] + (0..<count).map { number -> Int64 in 50 + number * 10 }
        try SegmentStore(database).upsertSpooled(
            starts.map { Segment.sample(of: camera, at: midnight.advanced(bySeconds: 3600 + $0)) }
        )
        try gap(3630, 3650)
        let newer = page(day(0))
        let older = page(try #require(query(before: "\" rel=\"next\">Older", newer)))
        #expect(older.ranges(of: "class=\"segment\"").count == 3)
        let row = "01:00:30 to 01:00:50 · No answer"
        #expect(newer.ranges(of: row).count + older.ranges(of: row).count == 1)
        let again = page(try #require(query(before: "\" rel=\"prev\">Newer", older)))
        #expect(again.ranges(of: row).count == newer.ranges(of: row).count)
        let list = newer.firstRange(of: "<table class=\"segments\"").map { newer[$0.lowerBound...] } ?? ""
        #expect(list.ranges(of: "Reason unknown").count == 1, "the rest of the day")
    }

    /// The query of the link that stands before this text.
    private func query(before text: String, _ html: String) -> String? {
        guard let end = html.firstRange(of: text)?.lowerBound else { return nil }
        let link = html[..<end].split(separator: "?").last.map { String($0.prefix { $0 != "#" }) }
        return link?.replacing("&amp;", with: "&")
    }
}
