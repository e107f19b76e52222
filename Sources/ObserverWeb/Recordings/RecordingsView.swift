import Encodings
import Mustache
package import ObserverCore
package import ObserverStore

/// The list of a camera's recordings: a day, its hours, and a page of segments with what is missing around them.
package struct RecordingsView: Sendable {
    /// The part of the list that is shown, as the page's address gives it.
    package struct Place: Hashable, Sendable {
        package var day: Day
        /// Of the day's hours, from 0: the list begins with the end of this one.
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
    private let ofDay: CameraTimeline
    private let hasOlder: Bool
    private let hasNewer: Bool

    /// - Parameters:
    ///   - camera: The camera.
    ///   - place: The part of the list.
    ///   - hours: The recorded time of each hour of the day.
    ///   - segments: The page, newest first.
    ///   - timeline: The timeline of the part of the day that the page shows.
    ///   - ofDay: That of the whole day; nil: the page shows all of it.
    ///   - hasOlder: True if the day has segments before the last one of the page.
    ///   - hasNewer: True if the day has segments after the first one of the page.
    package init(
        camera: CameraID,
        place: Place,
        hours: [RecordedHour],
        segments: [SegmentRecord],
        timeline: CameraTimeline,
        ofDay: CameraTimeline? = nil,
        hasOlder: Bool,
        hasNewer: Bool
    ) {
        self.camera = camera
        self.place = place
        self.hours = hours
        self.segments = segments
        self.timeline = timeline
        self.ofDay = ofDay ?? timeline
        self.hasOlder = hasOlder
        self.hasNewer = hasNewer
    }

    /// The values of the template.
    func values(now: Timestamp, playing: SegmentID?) -> [String: MustacheValue] {
        let today = Day(of: now, in: day.zone)
        let rows = rows(now: now, playing: playing)
        return [
            "day": .string(day.description),
            "today": .string(today.description),
            "day_before": .string(link(Place(day: day.previous))),
            "day_after": day.start < today.start ? .string(link(Place(day: day.next))) : .null,
            "has_hours": .bool(!hours.isEmpty),
            "day_summary": .string(summary),
            "zone": .string(day.zone.name),
            "hours": .list(zip(0..., day.hours).map(hour)),
            "timeline": DayTimelineView(day, ofDay, camera: camera).value,
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
        let length = Format.length(milliseconds: min(milliseconds, max(day.span.milliseconds - 1000, 0)))
        let zone = day.zone.name == "UTC" ? "UTC" : "of \(day.zone.name)"
        return "\(Format.day(day.date)) · \(length) recorded · \(Format.size(bytes)) · times are \(zone)"
    }

    private func hour(_ number: Int, _ span: TimeSpan) -> MustacheValue {
        let recorded = hours.first { $0.hour == number }
        let seconds = min(3600, (recorded?.milliseconds ?? 0) / 1000)
        let length = recorded.map { Format.length(milliseconds: min($0.milliseconds, 3_600_000)) + " recorded" }
        let clock = Format.minute(span.startedAt, in: day.zone)
        return [
            "hour": .string(String(clock.prefix(2))),
            "seconds": MustacheValue(seconds),
            "label": .string("\(clock), \(length ?? "nothing recorded")"),
            "href": recorded == nil ? .null : .string(link(Place(day: day, hour: number))),
            "is_current": .bool(currentHour == number),
        ]
    }

    /// The hour at the top of the list.
    private var currentHour: Int? {
        segments.first.flatMap { record in
            let start = record.segment.startedAt.milliseconds
            return day.hours.firstIndex { ($0.start..<max($0.start, $0.end)).contains(start) }
        }
    }

    private var caption: String {
        guard let newest = segments.first, let oldest = segments.last else { return "What is missing, newest first" }
        let from = Format.minute(oldest.segment.startedAt, in: day.zone)
        return "\(from) to \(Format.minute(newest.segment.endedAt, in: day.zone)), newest first"
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
        let text = "Nothing was recorded on \(Format.day(day.date))"
        if !timeline.expired.isEmpty {
            return "\(text) that is still there: what was, was deleted as its time was over."
        }
        return timeline.wanted.isEmpty ? "\(text): the camera was not switched on." : "\(text)."
    }

    private func row(_ record: SegmentRecord, isCurrent: Bool) -> MustacheValue {
        let segment = record.segment
        let shown = SegmentStateView(record.state)
        let clock = Format.clock(segment.startedAt, in: day.zone)
        let query = place.query + [("segment", segment.id.description)]
        return [
            "gap": nil,
            "is_current": .bool(isCurrent),
            "id": .string(segment.id.description),
            "started_at": .string(segment.startedAt.rfc3339),
            "duration_ms": MustacheValue(segment.end.durationMilliseconds),
            "codecs": .string(segment.media.codecs),
            "clock": .string(clock),
            "title": .string(Format.title(segment.startedAt, in: day.zone)),
            "length": .string(Format.fineLength(milliseconds: segment.end.durationMilliseconds)),
            "size": .string(Format.size(segment.media.bytes)),
            "where": .string(shown.word),
            "mark": .string(shown.mark),
            "tone": .string(shown.tone.rawValue),
            "error": MustacheValue(record.error),
            "note": MustacheValue(note(segment)),
            "href": shown.isPlayable
                ? .string(Links.link(Links.camera(camera), query, anchor: "player")) : .null,
            "save": .string(Links.export(camera, from: segment.startedAt, to: segment.endedAt)),
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
