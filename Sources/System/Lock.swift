import Glibc

/// State that threads share: a value behind a mutex.
///
/// A mutex of the system rather than `Synchronization.Mutex`, because the thread sanitizer does not see into the slow path of
/// that one and takes what it protects for a race.
///
/// Safe: `state` is touched only between lock and unlock of `mutex`, whose pointer lives as long as the object.
public final class Lock<State: Sendable>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    /// Creates a lock around `state`.
    public init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Reads or changes the state.
    ///
    /// The body must not call back into the same object, and should be short.
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
