import HTTPClient
import ObserverCore
import System

/// Keeps all uploads together within the bandwidth that holds at the time of the week.
final class UploadPacer: HTTPClientPacer {
    /// The time within which a change of the bandwidth is noticed.
    private static let interval: Duration = .seconds(1)

    private struct State {
        var budget = RateBudget()
        var nextLook: MonotonicInstant?
    }

    private let rate: UploadRate
    private let zone: TimeZoneRules
    private let clock: @Sendable () -> Timestamp
    private let state = Lock(State())

    init(_ rate: UploadRate, zone: TimeZoneRules, clock: @escaping @Sendable () -> Timestamp) {
        self.rate = rate
        self.zone = zone
        self.clock = clock
    }

    func take(upTo most: Int, for priority: HTTPClientPriority, now: MonotonicInstant) -> Int {
        state.withLock { state in
            look(&state, now)
            return state.budget.take(upTo: most, for: priority, now: now)
        }
    }

    func nextTurn(of priority: HTTPClientPriority, now: MonotonicInstant) -> MonotonicInstant {
        state.withLock { state in
            look(&state, now)
            return state.budget.nextTurn(of: priority, now: now)
        }
    }

    private func look(_ state: inout State, _ now: MonotonicInstant) {
        guard state.nextLook.map({ now >= $0 }) ?? true else { return }
        state.nextLook = now + Self.interval
        state.budget.set(bytesPerSecond: rate.bytesPerSecond(at: zone.weekMoment(at: clock())), now: now)
    }
}
