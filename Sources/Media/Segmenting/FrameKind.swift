/// The use of a coded frame as a starting point.
public enum FrameKind: Hashable, Sendable {
    /// Decoding can start here, and nothing after it looks back (IDR).
    case idr
    /// Decoding can start here with care: recovery point, CRA, broken link.
    case recovery
    /// Neither.
    case dependent
}
