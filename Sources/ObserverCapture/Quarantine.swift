import System

/// Counts how often something of a camera's broke a program, and keeps it away for a while after the third time.
///
/// A pure value.
struct Quarantine: Sendable {
    private static let limit = 3
    /// A breakdown counts for this time.
    private static let memory = Duration.seconds(3600)
    /// The time for which the camera is kept away.
    private static let length = Duration.seconds(3600)

    private var breakdowns: [MonotonicInstant] = []
    private var until: MonotonicInstant?

    /// The end of the quarantine; nil where there is none.
    func end(at now: MonotonicInstant) -> MonotonicInstant? {
        until.flatMap { $0 > now ? $0 : nil }
    }

    /// Takes note of a breakdown.
    mutating func breakDown(at now: MonotonicInstant) {
        breakdowns.removeAll { now - $0 >= Self.memory }
        breakdowns.append(now)
        guard breakdowns.count >= Self.limit else { return }
        breakdowns = []
        until = now + Self.length
    }

    /// Ends the quarantine, because a person wants that; the next three breakdowns begin another.
    mutating func lift() {
        breakdowns = []
        until = nil
    }
}
