/// The bounds of a segment's numbers, wherever they come from.
///
/// They are far beyond what a recorder makes and far below what arithmetic can stand; the database has the same or wider
/// ones.
package enum SegmentLimits {
    /// The largest number that every reader of JSON keeps exactly (RFC 8259, section 6).
    private static let largestNumber: Int64 = (1 << 53) - 1

    package static let cameraID: ClosedRange<Int64> = 1...largestNumber
    package static let epoch: ClosedRange<Int64> = 0...largestNumber
    package static let sequence = 0...Int(Int32.max)
    /// The years 2000 to 2199.
    package static let startedAt =
        Timestamp(milliseconds: 946_684_800_000)...Timestamp(milliseconds: 7_258_118_399_999)
    /// The greatest distance between the start and the time in the identifier, which chooses the row's partition.
    package static let identifierMilliseconds: Int64 = 3_599_999
    /// An hour, at which recorders end a segment whatever the stream is like, and a minute for its last frames.
    package static let durationMilliseconds: ClosedRange<Int64> = 0...3_660_000
    package static let bytes: ClosedRange<Int64> = 1...(4 << 30)
    package static let mediaStart90k: ClosedRange<Int64> = 0...largestNumber
    package static let mediaDuration90k: ClosedRange<Int64> = 0...(3_660_000 * 90)
    package static let frames = 0...10_000_000
    /// The width or height of a frame in pixels.
    package static let pixels = 0...65_535
    /// The characters of a recorder's name.
    package static let recorder = 1...63
}
