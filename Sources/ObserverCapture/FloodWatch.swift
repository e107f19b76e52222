import System

/// Recognises a camera that sends far more than any stream has.
///
/// A pure value.
struct FloodWatch {
    /// Bytes a second, over a connection: ten times as much as the largest streams of cameras have.
    private static let rate = 20_000_000
    /// A shorter connection counts as one of this time; what a server has kept for a newcomer comes at once.
    private static let shortest = Duration.milliseconds(500)

    /// Bytes of a camera before it has answered what it has; each may be a packet of its own to look at.
    private static let unasked = 256 << 10

    private let opened: MonotonicInstant

    /// Begins when a connection is opened.
    init(at now: MonotonicInstant) {
        opened = now
    }

    /// Returns true if so many bytes by now are a flood.
    func isFlood(_ bytes: Int, isOpening: Bool = false, at now: MonotonicInstant) -> Bool {
        if isOpening { return bytes > Self.unasked }
        return Double(bytes) > Double(Self.rate) * Double(max(now - opened, Self.shortest).wholeMilliseconds) / 1000
    }
}
