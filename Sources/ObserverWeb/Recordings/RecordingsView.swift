import Encodings
import Mustache
package import ObserverCore
package import ObserverStore

/// The list of a camera's recordings: a day, its hours, and a page of segments with what is missing around them.
package struct RecordingsView: Sendable {
    /// The part of the list that is shown, as the page's address gives it.
    package struct Place: Hashable, Sendable {
        package var day: Day
        /// 0 to 23: the list begins with the end of this hour.
        package var hour: Int?
        /// The list goes on behind this segment.
        package var older: SegmentID?
        /// The list ends before this segment.
        package var newer: SegmentID?

        package init(day: Day, hour: Int? = nil, older: SegmentID? = nil, newer: SegmentID? = nil) {
            self.day = day
            self.hour = hour
            self.older = older
            self.newer = newer
        }

        var query: [(String, String?)] {
            [
                ("day", day.description), ("hour", hour.map(String.init)), ("older", older?.description),
                ("newer", newer?.description),
            ]
        }
    }

    /// The number of segments on a page: ten minutes at the usual length.
    package static let length = 60
    private let camera: CameraID
    private let place: Place
    private var day: Day { place.day }
    private let hours: [RecordedHour]
    private let segments: [SegmentRecord]
    private let timeline: CameraTimeline
    private let hasOlder: Bool
    private let hasNewer: Bool

    /// - Parameters:
    ///   - camera: The camera.
    ///   - place: The part of the list.
    ///   - hours: The recorded time of each hour of the day.
    ///   - segments: The page, newest first.
    ///   - timeline: The timeline of the part of the day that the page shows.
    ///   - hasOlder: True if the day has segments before the last one of the page.
    ///   - hasNewer: True if the day has segments after the first one of the page.
    package init(
        camera: CameraID,
        place: Place,
        hours: [RecordedHour],
        segments: [SegmentRecord],
        timeline: CameraTimeline,
        hasOlder: Bool,
        hasNewer: Bool
    ) {
        self.camera = camera
        self.place = place
        self.hours = hours
        self.segments = segments
        self.timeline = timeline
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
    }

    /// The values of the template.
    func values(now: Timestamp, playing: SegmentID?) -> [String: MustacheValue] {
        let today = Day(of: now)
        let rows = rows(now: now, playing: playing)
        return [
            "day": .string(day.description),
            "today": .string(today.description),
            "day_before": .string(link(Place(day: day.previous))),
            "day_after": day.start < today.start ? .string(link(Place(day: day.next))) : .null,
            "has_hours": .bool(!hours.isEmpty),
            "day_summary": .string(summary),
            "hours": .list((0..<24).map(hour)),
            "has_rows": .bool(!rows.isEmpty),
            "segments_caption": .string(caption),
            "segments": .list(rows),
            "newer": hasNewer ? MustacheValue(segments.first.map { pageLink(newer: $0.segment.id) }) : .null,
            "older": hasOlder ? MustacheValue(segments.last.map { pageLink(older: $0.segment.id) }) : .null,
            "no_segments": segments.isEmpty ? .string(nothing) : .null,
        ]
    }

    // MARK: The day

    private var summary: String {
        let milliseconds = hours.reduce(Int64(0)) { $0.addingSaturated($1.milliseconds) }
        let bytes = hours.reduce(Int64(0)) { $0.addingSaturated($1.bytes) }
        let length = Format.length(milliseconds: min(milliseconds, 86_399_000))
        return "\(Format.day(day.start)) · \(length) recorded · \(Format.size(bytes)) · times are UTC"
    }

    private func hour(_ number: Int) -> MustacheValue {
        let recorded = hours.first { $0.hour == number }
        let seconds = min(3600, (recorded?.milliseconds ?? 0) / 1000)
        let length = recorded.map { Format.length(milliseconds: min($0.milliseconds, 3_600_000)) + " recorded" }
        return [
            "hour": .string(Format.two(number)),
            "seconds": MustacheValue(seconds),
            "label": .string("\(Format.two(number)):00, \(length ?? "nothing recorded")"),
            "href": recorded == nil ? .null : .string(link(Place(day: day, hour: number))),
            "is_current": .bool(currentHour == number),
        ]
    }

    /// The hour at the top of the list.
    private var currentHour: Int? {
        segments.first.flatMap { Day(of: $0.segment.startedAt) == day ? $0.segment.startedAt.date.hour : nil }
    }

    private var caption: String {
        guard let newest = segments.first, let oldest = segments.last else { return "What is missing, newest first" }
        let from = Format.minute(oldest.segment.startedAt)
        return "\(from) to \(Format.minute(newest.segment.endedAt)), newest first"
    }

    // MARK: Rows

    /// Segments and what is missing around them, newest first.
    private func rows(now: Timestamp, playing: SegmentID?) -> [MustacheValue] {
        let recorded = segments.map { record in
            (start: record.segment.startedAt.milliseconds, row: row(record, isCurrent: record.segment.id == playing))
        }
        let missing = MissingStretch.all(in: timeline, around: segments, isFirst: !hasOlder).map { stretch in
            (start: stretch.span.start, row: MustacheValue.object(["gap": stretch.value(on: day)]))
        }
        return (recorded + missing).sorted { $0.start > $1.start }.map(\.row)
    }

    private var nothing: String {
        let text = "Nothing was recorded on \(Format.day(day.start))"
        return timeline.wanted.isEmpty ? "\(text): the camera was not switched on." : "\(text)."
    }

    private func row(_ record: SegmentRecord, isCurrent: Bool) -> MustacheValue {
        let segment = record.segment
        let shown = SegmentStateView(record.state)
        let clock = Format.clock(segment.startedAt)
        let name = segment.startedAt.rfc3339.prefix(19).map { $0 == ":" ? "-" : String($0) }.joined()
        let query = place.query + [("segment", segment.id.description)]
        return [
            "gap": nil,
            "is_current": .bool(isCurrent),
            "id": .string(segment.id.description),
            "started_at": .string(segment.startedAt.rfc3339),
            "duration_ms": MustacheValue(segment.end.durationMilliseconds),
            "codecs": .string(segment.media.codecs),
            "clock": .string(clock),
            "length": .string(Format.fineLength(milliseconds: segment.end.durationMilliseconds)),
            "size": .string(Format.size(segment.media.bytes)),
            "where": .string(shown.word),
            "mark": .string(shown.mark),
            "tone": .string(shown.tone.rawValue),
            "error": MustacheValue(record.error),
            "note": MustacheValue(note(segment)),
            "href": shown.isPlayable
                ? .string(Links.link(Links.camera(camera), query, anchor: "player")) : .null,
            "src": .string(Links.video(segment.id)),
            "file": .string("camera-\(camera)-\(name)Z.mp4"),
        ]
    }

    /// A remark on how it ended, for people.
    private func note(_ segment: Segment) -> String? {
        switch segment.end.reason {
        case .duration: segment.end.flags.contains(.recovered) ? "repaired" : nil
        case .parameters: "video format changed"
        case .oversize: "no key frame for long"
        case .clock: "camera’s clock jumped"
        case .stopped: "stopped"
        case .lost: "stream lost"
        case .recovered: "repaired"
        }
    }

    // MARK: Links

    private func link(_ place: Place) -> String {
        Links.link(Links.camera(camera), place.query, anchor: "recordings")
    }

    private func pageLink(older: SegmentID? = nil, newer: SegmentID? = nil) -> String {
        link(Place(day: day, older: older, newer: newer))
    }
}
