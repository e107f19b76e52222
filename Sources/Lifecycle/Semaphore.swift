import System

/// A fixed number of slots that threads hold while they do something expensive.
///
/// With a limit on waiting threads, more than those are turned away at once instead of piling up.
public final class Semaphore: Sendable {
    private struct State: Sendable {
        var free: Int
        var waiting = 0
    }

    private let state: Monitor<State>
    private let waitingLimit: Int

    /// Creates a semaphore with all slots free.
    ///
    /// - Parameters:
    ///   - count: The number of slots.
    ///   - waitingLimit: The number of threads that may wait for a slot at the same time.
    public init(count: Int, waitingLimit: Int = .max) {
        state = Monitor(State(free: count))
        self.waitingLimit = waitingLimit
    }

    /// Runs `body` while holding a slot.
    ///
    /// - Returns: Nil, without running `body`, if no slot became free within `limit` or too many threads wait already.
    public func withSlot<Result>(within limit: Duration, _ body: () throws -> Result) rethrows -> Result? {
        guard acquire(until: .now() + limit) else { return nil }
        defer { state.withLock { $0.free += 1 } }
        return try body()
    }

    private func acquire(until deadline: MonotonicInstant) -> Bool {
        let isHeld = state.withLock { state -> Bool? in
            if state.free > 0 {
                state.free -= 1
                return true
            }
            guard state.waiting < waitingLimit else { return false }
            state.waiting += 1
            return nil
        }
        if let isHeld { return isHeld }
        defer { state.withLock { $0.waiting -= 1 } }
        return state.take(until: deadline) { state -> Bool? in
            guard state.free > 0 else { return nil }
            state.free -= 1
            return true
        } ?? false
    }
}
