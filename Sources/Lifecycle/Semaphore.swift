import System
/// A fixed number of slots that threads hold while they do something expensive.
///
/// With a lease, a slot counts as free again after that time even if its holder is still busy, so holders that hang cannot
/// keep out others. With a limit on waiting threads, more than those are turned away at once instead of piling up.
public final class Semaphore: Sendable {
    /// A slot that is held.
    public struct Slot: Hashable, Sendable {
        fileprivate let number: Int
    }

    private struct State: Sendable {
        var slots: SemaphoreSlots
        var waiting = 0
    }

    /// The time after which a waiting thread notices a stop at the latest.
    private static let stopInterval = Duration.milliseconds(100)

    private let state: Monitor<State>
    private let waitingLimit: Int

    /// Creates a semaphore with all slots free.
    ///
    /// - Parameters:
    ///   - count: The number of slots.
    ///   - lease: The time after which a held slot counts as free; nil means until it is released.
    ///   - waitingLimit: The number of threads that may wait for a slot at the same time.
    public init(count: Int, lease: Duration? = nil, waitingLimit: Int = .max) {
        state = Monitor(State(slots: SemaphoreSlots(count: count, lease: lease)))
        self.waitingLimit = waitingLimit
    }

    /// Takes a slot, to be given back with `release`.
    ///
    /// - Returns: Nil if no slot became free within `limit`, or if too many threads wait already.
    public func acquire(within limit: Duration) -> Slot? {
        acquire(until: .now() + limit, or: nil)
    }

    /// Takes a slot, to be given back with `release`.
    ///
    /// - Returns: Nil if `stop` was stopped before a slot became free, or if too many threads wait already.
    public func acquire(until stop: StopSignal) -> Slot? {
        acquire(until: nil, or: stop)
    }

    /// Gives a slot back; does nothing if its lease has ended.
    public func release(_ slot: Slot) {
        state.withLock { $0.slots.release(slot.number) }
    }

    /// Runs `body` while holding a slot.
    ///
    /// - Returns: Nil, without running `body`, if no slot became free within `limit` or too many threads wait already.
    public func withSlot<Result>(within limit: Duration, _ body: () throws -> Result) rethrows -> Result? {
        guard let slot = acquire(within: limit) else { return nil }
        defer { release(slot) }
        return try body()
    }

    private func acquire(until deadline: MonotonicInstant?, or stop: StopSignal?) -> Slot? {
        let (number, mayWait) = state.withLock { state -> (Int?, Bool) in
            if let number = state.slots.acquire(at: .now()) { return (number, false) }
            guard state.waiting < waitingLimit else { return (nil, false) }
            state.waiting += 1
            return (nil, true)
        }
        guard mayWait else { return number.map { Slot(number: $0) } }
        defer { state.withLock { $0.waiting -= 1 } }
        while true {
            let now = MonotonicInstant.now()
            if stop?.isStopped == true { return nil }
            if let deadline, now >= deadline { return nil }
            // Neither the end of a lease nor a stop wakes this thread, so it wakes in time for them.
            let expiry = state.withLock { $0.slots.firstExpiry }
            let wake = [deadline, expiry, stop.map { _ in now + Self.stopInterval }].compactMap { $0 }.min()
            let found = state.take(until: wake ?? now + Self.stopInterval) { $0.slots.acquire(at: .now()) }
            if let found { return Slot(number: found) }
        }
    }
}

/// The slots of a semaphore: a value whose clock is an argument.
struct SemaphoreSlots: Sendable {
    private let count: Int
    private let lease: Duration?
    private var held: [Int: MonotonicInstant] = [:]
    private var last = 0

    init(count: Int, lease: Duration?) {
        self.count = count
        self.lease = lease
    }

    /// The moment at which the oldest lease ends; nil if no slot is held or there is no lease.
    var firstExpiry: MonotonicInstant? {
        guard let lease, let oldest = held.values.min() else { return nil }
        return oldest + lease
    }

    mutating func acquire(at now: MonotonicInstant) -> Int? {
        if let lease, held.count >= count { held = held.filter { now - $0.value < lease } }
        guard held.count < count else { return nil }
        last += 1
        held[last] = now
        return last
    }

    mutating func release(_ slot: Int) {
        held[slot] = nil
    }
}
