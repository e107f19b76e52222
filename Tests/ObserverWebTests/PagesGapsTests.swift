import ObserverCore
import ObserverStore
import Testing

@testable import ObserverWeb

/// The rows of what is missing, between and around recordings.
@Suite struct PagesGapsTests {
    private let today = Day(of: Example.now)

    private func html(
        _ segments: [SegmentRecord] = [],
        gaps: [Gap] = [],
        switches: [TimelineFacts.Switch] = [],
        on day: Day? = nil
    ) throws -> String {
        let day = day ?? today
        let listing = Example.listing()
        let recordings = RecordingsView(
            camera: listing.camera.id,
            place: .init(day: day),
            hours: [],
            segments: segments,
            timeline: Example.timeline(of: segments, gaps, switches: switches, on: day),
            hasOlder: false,
            hasNewer: false
        )
        return try Example.html(
            CameraPage(
                listing: listing,
                recordings: recordings,
                playing: nil,
                viewer: Example.viewer,
                now: Example.now
            )
        )
    }

    /// The rows in the order of the page: `play` or the words of what is missing.
    private func rows(_ html: String) -> [String] {
        guard let table = html.firstRange(of: "<table class=\"segments\"") else { return [] }
        return html[table.lowerBound...].split(separator: "<tr").dropFirst(2).map { row in
            guard row.hasPrefix(" class=\"gap\"") else { return "play" }
            let text = row.split(separator: "</svg>").last?.prefix { $0 != "/" } ?? ""
            return String(text).replacing("<span class=\"quiet\">", with: "").replacing("<", with: "")
        }
    }

    @Test func `a gap across midnight is on both days`() throws {
        let gap = Example.gap(today.start.advanced(bySeconds: -1800), today.start.advanced(bySeconds: 600))
        let before = try html(gaps: [gap], on: today.previous)
        #expect(rows(before) == ["Nothing recorded for 30 min · 23:30:00 to midnight · No answer"])
        #expect(before.contains("Nothing was recorded on 22 November 2026."))
        let after = [Example.record(secondsAgo: (Example.now.milliseconds - today.start.milliseconds) / 1000 - 600)]
        let list = rows(try html(after, gaps: [gap]))
        #expect(list.last == "Nothing recorded for 10 min · midnight to 00:10:00 · No answer")
        #expect(list.contains("play"))
    }

    @Test func `a gap before the first segment, after the last, and on a day without any has its row`() throws {
        let day = today.start
        let segment = Example.record(secondsAgo: 100)
        let gaps = [
            Example.gap(day.advanced(bySeconds: 60), Example.now.advanced(bySeconds: -100), .stalled),
            Example.gap(Example.now.advanced(bySeconds: -90), nil, .dns),
        ]
        let page = rows(try html([segment], gaps: gaps))
        #expect(page.count == 3 && page[1] == "play")
        #expect(page[0] == "Nothing recorded for 1 min 30 s · 20:12:37 to now · Unknown host name")
        #expect(page[2] == "Nothing recorded for 20 h · 00:01:00 to 20:12:27 · Stream went silent")
        let whole = Example.gap(day.advanced(bySeconds: -86_400), nil, .refused)
        #expect(
            rows(try html(gaps: [whole], on: today.previous))
                == ["Nothing recorded for 1 d · midnight to midnight · Connection refused"]
        )
    }

    @Test func `time without any row is shown as unknown, and a second of it is not`() throws {
        let segments = [Example.record(secondsAgo: 10), Example.record(secondsAgo: 80), Example.record(secondsAgo: 91)]
        #expect(
            rows(try html(segments)) == [
                "play", "Nothing recorded for 1 min · 20:12:57 to 20:13:57 · Reason unknown", "play", "play",
            ]
        )
    }

    @Test func `a camera that was switched off misses nothing`() throws {
        let segments = [Example.record(secondsAgo: 10), Example.record(secondsAgo: 80)]
        let switches: [TimelineFacts.Switch] = [
            .init(at: Example.now.advanced(bySeconds: -70), isActive: false),
            .init(at: Example.now.advanced(bySeconds: -10), isActive: true),
        ]
        #expect(
            rows(try html(segments, switches: switches))
                == ["play", "Switched off for 1 min · 20:12:57 to 20:13:57", "play"]
        )
        let page = try html()
        #expect(rows(page).isEmpty && !page.contains("<table class=\"segments\""))
        #expect(page.contains("Nothing was recorded on 23 November 2026: the camera was not switched on."))
    }
}
