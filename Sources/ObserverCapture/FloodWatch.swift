import System

/// Recognises a connection over which a camera sends far more than any stream has.
///
/// A pure value.
struct FloodWatch {
    /// Bytes a second, over a connection: ten times as much as the largest streams of cameras have.
    private static let rate = 20_000_000
    /// A shorter connection counts as one of this time; what a server has kept for a newcomer comes at once.
    private static let shortest = Duration.milliseconds(500)
    /// Bytes of a camera before it has answered what it has; each may be a packet of its own to look at.
    private static let unasked = 256 << 10

    private let begun: MonotonicInstant
    private var isOpen = false
    /// True once so much has come.
    private(set) var isFlood = false

    /// Begins with a connection.
    init(at now: MonotonicInstant) {
        begun = now
    }

    /// Takes note that the camera has answered and plays.
    mutating func open() {
        isOpen = true
    }

    /// Takes note of the bytes that have come by now.
    mutating func note(_ bytes: Int, at now: MonotonicInstant) {
        let seconds = Double(max(now - begun, Self.shortest).wholeMilliseconds) / 1000
        isFlood = isFlood || (isOpen ? Double(bytes) > Double(Self.rate) * seconds : bytes > Self.unasked)
    }
}
