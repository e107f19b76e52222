/// The facts at the start of a key packet.
struct KeyPacketFacts: Equatable {
    var kind: FrameKind
    /// A clean random access frame of H.265: as good as an IDR frame in a stream that is not reordered.
    var isClean = false
    /// The VPS, SPS and PPS in the packet.
    var sets: [[UInt8]] = []
}
