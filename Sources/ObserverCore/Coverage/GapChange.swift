/// A change to the gap rows of a stream.
///
/// Each may be applied again: what came of it the first time stays as it is.
package enum GapChange: Hashable, Sendable {
    /// A gap that lasts.
    case open(Gap)
    /// A gap that is over, and that may have been opened before.
    case close(Gap)
    /// The gap that began at this moment turned out to be none.
    case remove(StreamID, epoch: Int64, startedAt: Timestamp)

    package var stream: StreamID {
        switch self {
        case .open(let gap), .close(let gap): gap.stream
        case .remove(let stream, _, _): stream
        }
    }
}
