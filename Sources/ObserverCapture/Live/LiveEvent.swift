import Media
import ObserverCore
import System

/// The number of a connection of the live server, never used twice.
typealias LiveToken = UInt64

/// The place of bytes in a segment's file.
struct LivePlace: Hashable, Sendable {
    var segment: SegmentID
    var range: Range<Int64>
}

/// The facts that a viewer needs to join a recording that runs.
struct LiveJoin: Sendable {
    /// The init section, with audio where audio is coming in.
    var head: RunSegmenter.Head
    var hasAudio: Bool
    /// The fragments since the last key frame that lie in the spool; nil without any.
    var group: LivePlace?
    /// Where these fragments end: bytes from the beginning of the group, and decode time.
    var marks: [LiveMark] = []
    /// The decode time at which the group begins.
    var groupStart90k: Int64 = 0
    /// The frames since then.
    var present: [UInt8] = []
    /// False where a viewer has to wait for the next key frame.
    var isWhole = true
}

/// The end of a fragment in a file.
struct LiveMark: Hashable, Sendable {
    var bytes: Int64
    var end90k: Int64
}

/// A fragment for a playlist.
struct LiveFragment: Sendable {
    var bytes: MediaBytes
    var start90k: Int64
    var end90k: Int64
    var kind: FrameKind
    var hasAudio: Bool
}

/// The reasons why what is sent cannot go on.
enum LiveEnd: Hashable, Sendable {
    /// The connection to the camera is over.
    case run
    /// The next frames need another init section.
    case parameters
    /// Frames that were sent already have got other times.
    case times
    /// The camera has announced audio, and sends none any more.
    case audio
    /// Audio is coming in that was not there before.
    case sound
}

/// An event on the loop of a camera, for the live server.
enum LiveEvent: Sendable {
    case joined(LiveToken, LiveJoin, WriteQueue?)
    /// The camera is not recorded here.
    case absent(CameraID)
    case part(CameraID, LivePart)
    case fragment(CameraID, LiveFragment)
    case ended(CameraID, LiveEnd)
    /// The writers have written something that this viewer waits for.
    case written(LiveToken)
    /// Parts were left out because the server did not keep up.
    case overflowed
}
