import Glibc

/// State that threads share and wait on: a mutex and a condition variable in one.
///
/// Every `withLock` wakes the waiters, which look again; `withLockUnnoticed` does not. Waits are measured on the monotonic clock.
///
/// Safe: `state` is touched only between lock and unlock of `mutex`; both pointers live as long as the object.
public final class Monitor<State: Sendable>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// Creates a monitor around `state`.
    public init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the state, then wakes all who wait.
    ///
    /// The body must not call back into the same object, and should be short.
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // A waiter that wakes up finds the mutex free.
        defer { pthread_cond_broadcast(changed) }
        return try withLockUnnoticed(body)
    }

    /// Reads or changes the state and wakes nobody.
    ///
    /// The body must not call back into the same object, and should be short.
    public func withLockUnnoticed<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Waits until `test` holds.
    public func wait(_ test: (State) -> Bool) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !test(state) {
            pthread_cond_wait(changed, mutex)
        }
    }

    /// Waits until `test` holds, but not beyond `deadline`; returns true if it holds.
    public func wait(until deadline: MonotonicInstant, _ test: (State) -> Bool) -> Bool {
        take(until: deadline) { test($0) ? true : nil } ?? false
    }

    /// Waits until `body` returns something other than nil, but not beyond `deadline`; returns that, or nil.
    ///
    /// Nobody is woken by a change that `body` makes.
    public func take<Result>(until deadline: MonotonicInstant, _ body: (inout State) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            let left = (deadline - MonotonicInstant.now()).wholeNanoseconds
            guard left > 0 else { return nil }
            var until = timespec()
            clock_gettime(CLOCK_MONOTONIC, &until)
            let sum = Int64(until.tv_nsec) + left % 1_000_000_000
            until.tv_sec += Int(left / 1_000_000_000 + sum / 1_000_000_000)
            until.tv_nsec = Int(sum % 1_000_000_000)
            pthread_cond_timedwait(changed, mutex, &until)
        }
    }
}
