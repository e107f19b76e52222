/// The use of a coded frame as a starting point.
public enum FrameKind: Hashable, Sendable {
    /// Decoding can start here, and nothing after it looks back (IDR).
    case idr
    /// Decoding can start here with care: recovery point, CRA, broken link.
    case recovery
    /// Neither.
    case dependent
}

/// The facts at the start of a key packet.
struct KeyPacketFacts: Equatable {
    var kind: FrameKind
    /// A clean random access frame of H.265: as good as an IDR frame in a stream that is not reordered.
    var isClean = false
    /// Annex B bytes of the VPS, SPS and PPS in the packet; empty if there are none.
    var parameters: [UInt8] = []
    /// Hash of VPS and SPS, without PPS, which cameras change all the time; 0 if there are none.
    var identity: UInt64 = 0
}
