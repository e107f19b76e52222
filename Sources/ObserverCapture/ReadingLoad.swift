/// The bytes that a stream brings in a turn of the loop, from which follows how often it has to be read.
///
/// A pure value. What comes between two turns has to fit into the buffer of a socket, or its sender waits and a camera may
/// leave out frames. The smallest is that of the socket pair to `observer-media`: 208 KiB on Linux as it is set up
/// (`net.core.wmem_default`), of which the kernel's own records take a part.
struct ReadingLoad: Hashable, Sendable {
    private static let lightLimit = 96 << 10
    private static let heavyLimit = 144 << 10

    /// The most of the last turns; an old one counts for an eighth less with each turn.
    private var bytes = 0

    /// Takes note of a turn that has read `count` bytes.
    mutating func take(_ count: Int) {
        bytes = max(count, bytes - bytes / 8)
    }

    /// True while it may be read half as often as others.
    var isLight: Bool { bytes < Self.lightLimit }

    /// True while it has to be read as soon as something comes.
    var isHeavy: Bool { bytes >= Self.heavyLimit }
}
