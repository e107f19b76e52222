import Lifecycle
import System

/// A pause that grows with each failure in a row.
struct Pause: Sendable {
    private var backoff: Backoff
    private var until: MonotonicInstant?

    init(_ backoff: Backoff) {
        self.backoff = backoff
    }

    /// True from a failure until a success.
    var isOn: Bool { until != nil }

    /// The moment at which it is time for an attempt; nil for now.
    var moment: MonotonicInstant? { until }

    /// Returns true if it is time for an attempt.
    func isOver(_ now: MonotonicInstant) -> Bool { until.map { now >= $0 } ?? true }

    /// Takes note of a failure; one of something that was begun before the pause does not lengthen it.
    mutating func begin(_ now: MonotonicInstant, _ random: inout JitterSource) {
        guard isOver(now) else { return }
        until = now + backoff.next(using: &random)
    }

    /// Takes note of a success.
    mutating func end() {
        until = nil
        backoff.reset()
    }
}
