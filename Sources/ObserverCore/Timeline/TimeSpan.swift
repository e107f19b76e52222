/// A stretch of wall time in whole milliseconds since 1970 (UTC), half-open: its end is not part of it.
package struct TimeSpan: Hashable, Sendable {
    package var start: Int64
    package var end: Int64

    package init(from start: Int64, to end: Int64) {
        self.start = start
        self.end = end
    }

    /// A stretch between two moments, each of them cut to its millisecond.
    package init(from start: Timestamp, to end: Timestamp) {
        self.init(from: start.milliseconds, to: end.milliseconds)
    }

    /// The length; 0 for a stretch that ends before it begins.
    package var milliseconds: Int64 {
        end > start ? end.subtractingReportingOverflow(start).overflow ? .max : end - start : 0
    }

    package var isEmpty: Bool { end <= start }

    /// The common part, which can be empty.
    package func clamped(to other: TimeSpan) -> TimeSpan {
        TimeSpan(from: max(start, other.start), to: min(end, other.end))
    }

    package var startedAt: Timestamp { Timestamp(milliseconds: start) }
    package var endedAt: Timestamp { Timestamp(milliseconds: end) }
}
