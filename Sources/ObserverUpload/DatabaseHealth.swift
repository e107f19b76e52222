import Lifecycle
import System

/// The database as it answered last: while it does not, it is asked after growing pauses only.
struct DatabaseHealth: Sendable {
    private var pause = Pause(Backoff(first: .milliseconds(500), limit: .seconds(15), jitter: 0.5))

    var isGood: Bool { !pause.isOn }

    func admits(_ now: MonotonicInstant) -> Bool { pause.isOver(now) }

    mutating func failed(_ now: MonotonicInstant, _ random: inout JitterSource) { pause.begin(now, &random) }

    /// Takes note of an answer; returns true if there was none before.
    mutating func answered() -> Bool {
        defer { pause.end() }
        return pause.isOn
    }
}
