/// A part of a segment on its way to the disk.
package struct CoverageFragment: Hashable, Sendable {
    /// Rises with every fragment of the stream.
    package let number: Int
    package let segment: SegmentID
    /// The times of its frames, in order and apart; the time between two is a hole.
    package let stretches: [Stretch]

    package init(number: Int, segment: SegmentID, stretches: [Stretch]) {
        self.number = number
        self.segment = segment
        self.stretches = stretches
    }
}
