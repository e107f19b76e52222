import Media
import ObserverCore

/// The place of a key frame in the spool, with what its decoder needs.
struct KeyFramePlace: Hashable, Sendable {
    var segment: SegmentID
    /// The place of its bytes in the file of the segment.
    var range: Range<Int64>
    var takenAt: Timestamp
    var codec: VideoCodec
    /// The decoder's configuration for frames as they lie in the file.
    var parameters: [UInt8]
}
