/// A set of moments as stretches of time.
///
/// Every operation takes time in proportion to the number of stretches.
package struct TimeSpanSet: Hashable, Sendable {
    /// The stretches in order: none is empty, and none touches the next.
    package private(set) var spans: [TimeSpan]

    package init() {
        spans = []
    }

    /// The union of stretches, which may overlap, be empty, and come in any order.
    package init(_ spans: some Sequence<TimeSpan>) {
        self.spans = []
        for span in spans.filter({ !$0.isEmpty }).sorted(by: { $0.start < $1.start }) { append(span) }
    }

    package var isEmpty: Bool { spans.isEmpty }

    /// The sum of the lengths.
    package var milliseconds: Int64 {
        spans.reduce(0) { $0.addingSaturated($1.milliseconds) }
    }

    /// Adds a stretch that begins no earlier than the last one.
    private mutating func append(_ span: TimeSpan) {
        guard let last = spans.last, last.end >= span.start else { return spans.append(span) }
        spans[spans.count - 1].end = max(last.end, span.end)
    }

    package func union(_ other: TimeSpanSet) -> TimeSpanSet {
        TimeSpanSet(spans + other.spans)
    }

    package func intersection(_ other: TimeSpanSet) -> TimeSpanSet {
        var result = TimeSpanSet()
        var (left, right) = (spans[...], other.spans[...])
        while let one = left.first, let two = right.first {
            let common = one.clamped(to: two)
            if !common.isEmpty { result.append(common) }
            if one.end < two.end { left.removeFirst() } else { right.removeFirst() }
        }
        return result
    }

    package func intersection(_ span: TimeSpan) -> TimeSpanSet {
        intersection(TimeSpanSet(CollectionOfOne(span)))
    }

    /// The moments that are not in the other set.
    package func subtracting(_ other: TimeSpanSet) -> TimeSpanSet {
        var result = TimeSpanSet()
        var holes = other.spans[...]
        for span in spans {
            var start = span.start
            while let hole = holes.first, hole.start < span.end {
                if hole.start > start { result.append(TimeSpan(from: start, to: hole.start)) }
                start = max(start, hole.end)
                guard hole.end <= span.end else { break }
                holes.removeFirst()
            }
            if start < span.end { result.append(TimeSpan(from: start, to: span.end)) }
        }
        return result
    }

    /// The set with all holes filled that are no longer than so many milliseconds.
    package func joined(across milliseconds: Int64) -> TimeSpanSet {
        var result = TimeSpanSet()
        for span in spans {
            if let last = result.spans.last, span.start - last.end <= milliseconds {
                result.spans[result.spans.count - 1].end = span.end
            } else {
                result.spans.append(span)
            }
        }
        return result
    }
}
