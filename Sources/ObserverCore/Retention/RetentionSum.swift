/// A number of segments and their bytes.
package struct RetentionSum: Hashable, Sendable {
    package var segments: Int64
    package var bytes: Int64

    package static let zero = RetentionSum(segments: 0, bytes: 0)

    package init(segments: Int64, bytes: Int64) {
        self.segments = segments
        self.bytes = bytes
    }

    /// True if there is no segment; bytes without one are the end of a segment that began in the hour before.
    package var isEmpty: Bool { segments <= 0 }

    package static func + (left: RetentionSum, right: RetentionSum) -> RetentionSum {
        RetentionSum(
            segments: left.segments.addingSaturated(right.segments),
            bytes: left.bytes.addingSaturated(right.bytes)
        )
    }

    /// The difference, never below zero.
    package static func - (left: RetentionSum, right: RetentionSum) -> RetentionSum {
        RetentionSum(
            segments: max(0, left.segments.addingSaturated(-max(right.segments, 0))),
            bytes: max(0, left.bytes.addingSaturated(-max(right.bytes, 0)))
        )
    }

    package static func += (left: inout RetentionSum, right: RetentionSum) {
        left = left + right
    }
}
