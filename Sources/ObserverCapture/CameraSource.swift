import Media
import System

/// A stream of a camera, read step by step without blocking.
///
/// Belongs to the camera's loop, which calls `turn` soon after the watched descriptor is ready, at `due`, and while the stream
/// is open ten times a second, or five times while it is calm.
protocol CameraSource: AnyObject {
    /// The phase that the last call led to.
    var phase: SourcePhase { get }
    /// The descriptor that wakes the loop; nil where none need.
    var watch: SourceWatch? { get }
    /// The moment at which `turn` has something to do at the latest.
    var due: MonotonicInstant { get }
    /// True while nothing is lost or blurred if what has come is read 0.2 s later.
    var isCalm: Bool { get }
    /// True while somebody watches: what comes is not left to gather.
    var isWatched: Bool { get set }
    /// Bytes that came from the camera since the stream was opened.
    var receivedBytes: Int { get }
    /// Packets that were lost on the way, as far as the source can tell.
    var lostPackets: Int { get }

    /// Begins to connect and to set the stream up.
    ///
    /// - Parameter segmenter: Creates what takes the frames; called once the stream is known.
    func open(into segmenter: @escaping (StreamDescription) -> RunSegmenter)

    /// Does what can be done now.
    ///
    /// - Throws: The reason why the stream could not be opened, or has ended.
    func turn(at now: MonotonicInstant) throws(MediaError)

    /// Begins to take leave of the camera; frames that come meanwhile are recorded.
    func close()

    /// Returns remarks that explain a failure, and forgets them; nil where there are none.
    func takeWarning() -> String?
}

/// The phases in the life of a connection.
enum SourcePhase: Hashable, Sendable {
    case opening, open, leaving, closed
}

/// A descriptor to wait for.
struct SourceWatch: Hashable, Sendable {
    var descriptor: Int32
    var interest: EventPoll.Interest
}
