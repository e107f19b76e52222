import Lifecycle

/// Lets only so many cameras be opened at once: two hundred that start together would all time out.
final class Admission: Sendable {
    private let free: Condition<Int>

    init(limit: Int) {
        free = Condition(limit)
    }

    /// Waits for a place; false when `stop` was stopped before there was one.
    func enter(until stop: StopToken) -> Bool {
        while !stop.isStopped {
            let entered = free.take(until: Monotonic.now() + .milliseconds(250)) { free -> Bool? in
                guard free > 0 else { return nil }
                free -= 1
                return true
            }
            if entered == true { return true }
        }
        return false
    }

    func leave() {
        free.withLock { $0 += 1 }
    }
}
