import Mustache
import ObserverCore
import ObserverStore

/// A stretch of a day in which nothing was recorded, as a row of the list of recordings.
struct MissingStretch: Hashable {
    enum Kind: Hashable {
        /// The camera was wanted, and there is a row with the cause.
        case gap(Cause, lasts: Bool)
        /// The camera was wanted, and no row says why it was not recorded.
        case unexplained
        /// The camera was switched off.
        case off
    }

    let span: TimeSpan
    let kind: Kind

    /// Shorter stretches without a cause are rounding errors, in milliseconds.
    private static let shortest: Int64 = 1500

    /// Everything that is missing on a page, in no order.
    ///
    /// - Parameters:
    ///   - timeline: The timeline of the part of the day that the page shows.
    ///   - segments: The segments of the page; time in which the camera was off but recorded is not listed.
    ///   - isFirst: True if nothing is older on that day; time before the camera was first wanted is not listed then.
    /// - Returns: The stretches.
    static func all(in timeline: CameraTimeline, around segments: [SegmentRecord], isFirst: Bool) -> [MissingStretch] {
        let gaps = timeline.gaps.map { MissingStretch(span: $0.span, kind: .gap($0.cause, lasts: $0.lasts)) }
        let unexplained = timeline.unexplained.map { MissingStretch(span: $0, kind: .unexplained) }
        let recorded = TimeSpanSet(
            segments.map { TimeSpan(from: $0.segment.startedAt, to: $0.segment.endedAt) } + timeline.wanted
        )
        let off = TimeSpanSet([timeline.span]).subtracting(recorded).spans
            .filter { !isFirst || $0.start > timeline.span.start }
            .map { MissingStretch(span: $0, kind: .off) }
        return gaps + (unexplained + off).filter { $0.span.milliseconds > shortest }
    }

    /// The values of the row.
    func value(on day: Day) -> MustacheValue {
        let length = Format.length(milliseconds: span.milliseconds)
        let (text, cause, lasts): (String, String?, Bool) =
            switch kind {
            case .gap(let cause, let lasts): ("Nothing recorded for \(length)", StateView.word(cause), lasts)
            case .unexplained: ("Nothing recorded for \(length)", "Reason unknown", false)
            case .off: ("Switched off for \(length)", nil, false)
            }
        let zone = day.zone
        return [
            "text": .string(text),
            "from": .string(span.startedAt == day.start ? "midnight" : Format.clock(span.startedAt, in: zone)),
            "to": .string(span.endedAt == day.end ? "midnight" : lasts ? "now" : Format.clock(span.endedAt, in: zone)),
            "cause": MustacheValue(cause),
            "utc": .string("\(Format.clock(span.startedAt)) to \(lasts ? "now" : Format.clock(span.endedAt)) UTC"),
        ]
    }
}
