package import Mustache
package import ObserverCore

/// The timeline of a day as a table: its hours, and what is missing.
///
/// It needs no script.
package struct DayTimelineView: Sendable {
    /// The number of missing stretches that are listed; the longest ones are.
    package static let mostMissing = 50

    private let day: Day
    private let timeline: CameraTimeline
    private let camera: CameraID

    package init(_ day: Day, _ timeline: CameraTimeline, camera: CameraID) {
        self.day = day
        self.timeline = timeline
        self.camera = camera
    }

    /// A stretch in which something is missing.
    private struct Missing {
        var span: TimeSpan
        var word: String
        var detail: String?
        var lasts = false
    }

    /// The values of `partials/timeline`.
    package var value: MustacheValue {
        let missing = self.missing
        let listed = missing.sorted { $0.span.milliseconds > $1.span.milliseconds }.prefix(Self.mostMissing)
            .sorted { $0.span.start < $1.span.start }
        return [
            "zone": .string(day.zone.name),
            "is_utc": .bool(day.zone.name == "UTC"),
            "summary": .string(summary),
            "from": .string(timeline.span.startedAt.rfc3339),
            "to": .string(timeline.span.endedAt.rfc3339),
            "hours": .list(day.hours.map { hour($0, missing) }),
            "has_missing": .bool(!listed.isEmpty),
            "missing": .list(listed.map(row)),
            "more": missing.count > listed.count
                ? .string("and \(Format.count(Int64(missing.count - listed.count), "shorter ones"))") : .null,
        ]
    }

    private var summary: String {
        let sums = timeline.sums
        var parts = ["\(Format.day(day.date)): \(Format.length(milliseconds: sums.covered)) recorded"]
        if day.span.milliseconds != 86_400_000 {
            parts[0] += ", a day of \(Format.length(milliseconds: day.span.milliseconds))"
        }
        if sums.gaps > 0 {
            let count = Format.count(Int64(timeline.gaps.count), "gaps")
            parts.append("\(count), \(Format.length(milliseconds: sums.gaps))")
        }
        if sums.unexplained > 0 {
            parts.append("\(Format.length(milliseconds: sums.unexplained)) without a known reason")
        }
        if sums.waiting > 0 { parts.append("\(Format.length(milliseconds: sums.waiting)) not yet in the store") }
        if sums.held > 0 { parts.append("\(Format.length(milliseconds: sums.held)) held") }
        if sums.lost > 0 { parts.append("\(Format.length(milliseconds: sums.lost)) lost") }
        if !timeline.expired.isEmpty { parts.append("older recordings were deleted as their time was over") }
        return parts.joined(separator: "; ")
    }

    private var missing: [Missing] {
        let lost = TimeSpanSet(timeline.lost)
        let gaps = timeline.gaps.map {
            Missing(span: $0.span, word: StateView.word($0.cause), detail: $0.detail, lasts: $0.lasts)
        }
        let unexplained = timeline.unexplained.map { span in
            Missing(span: span, word: lost.intersection(span).isEmpty ? "Reason unknown" : "Recording lost")
        }
        let expired = timeline.expired.map { Missing(span: $0, word: "Deleted, its time was over") }
        return (gaps + unexplained + expired).sorted { $0.span.start < $1.span.start }
    }

    private func hour(_ span: TimeSpan, _ missing: [Missing]) -> MustacheValue {
        let covered = TimeSpanSet(timeline.covered).intersection(span).milliseconds
        let wanted = TimeSpanSet(timeline.wanted).intersection(span).milliseconds
        var words: [String] = []
        for stretch in missing where !stretch.span.clamped(to: span).isEmpty && !words.contains(stretch.word) {
            words.append(stretch.word)
        }
        let index = day.hours.firstIndex(of: span)
        return [
            "clock": .string(Format.minute(span.startedAt, in: day.zone)),
            "abbreviation": .string(day.zone.abbreviation(at: span.startedAt)),
            "utc": .string(Format.exact(span.startedAt)),
            "datetime": .string(span.startedAt.rfc3339),
            "recorded": .string(covered > 0 ? Format.length(milliseconds: covered) : "nothing"),
            "percent": MustacheValue(covered * 100 / max(1, span.milliseconds)),
            "missing": .string(wanted > covered ? Format.length(milliseconds: wanted - covered) : ""),
            "reason": .string(words.joined(separator: ", ")),
            "href": covered > 0
                ? .string(Links.link(Links.camera(camera), Self.query(day, index), anchor: "recordings")) : .null,
        ]
    }

    private static func query(_ day: Day, _ hour: Int?) -> [(String, String?)] {
        RecordingsView.Place(day: day, hour: hour).query
    }

    private func row(_ missing: Missing) -> MustacheValue {
        let (span, zone) = (missing.span, day.zone)
        return [
            "from": .string(span.startedAt == day.start ? "midnight" : Format.clock(span.startedAt, in: zone)),
            "to": .string(
                missing.lasts ? "now" : span.endedAt == day.end ? "midnight" : Format.clock(span.endedAt, in: zone)
            ),
            "utc": .string("\(Format.exact(span.startedAt)) to \(missing.lasts ? "now" : Format.exact(span.endedAt))"),
            "datetime": .string(span.startedAt.rfc3339),
            "length": .string(Format.fineLength(milliseconds: span.milliseconds)),
            "word": .string(missing.word),
            "detail": MustacheValue(missing.detail),
        ]
    }
}
