package import ObserverCore

/// The outcome for a file that a dead recorder left open.
package enum Recovered: Hashable, Sendable {
    /// Its whole fragments are a committed segment now.
    case segment(Segment)
    /// Not one fragment of it was whole; its draft says what is missing.
    case nothing(SegmentHeader)
    /// It is as it was, because the disk failed; the next call tries again.
    case kept(SegmentID, SpoolError)
    /// Its draft or its content cannot be what was recorded.
    case quarantined(SegmentID, SpoolError)
}
