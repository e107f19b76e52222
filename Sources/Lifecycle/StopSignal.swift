public import System
import Synchronization

/// A one-shot shutdown signal.
public final class StopSignal: Sendable {
    private struct State: Sendable {
        var isStopped = false
        var actions: [@Sendable () -> Void] = []
    }

    private let state = Monitor(State())
    private let stopped = Atomic(false)

    /// Creates a signal that is not stopped.
    public init() {}

    /// True after `stop` was called; cheap enough for a loop over packets.
    public var isStopped: Bool {
        stopped.load(ordering: .acquiring)
    }

    /// Wakes all waiting threads and runs the actions, once, on the calling thread.
    public func stop() {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard !state.isStopped else { return [] }
            state.isStopped = true
            stopped.store(true, ordering: .releasing)
            defer { state.actions = [] }
            return state.actions
        }
        for action in actions { action() }
    }

    /// Waits for `duration`, or until `stop` is called.
    ///
    /// - Returns: True if the signal is stopped.
    @discardableResult
    public func wait(for duration: Duration) -> Bool {
        wait(until: MonotonicInstant.now() + duration)
    }

    /// Waits until `deadline`, or until `stop` is called.
    ///
    /// - Returns: True if the signal is stopped.
    @discardableResult
    public func wait(until deadline: MonotonicInstant) -> Bool {
        state.wait(until: deadline) { $0.isStopped }
    }

    /// Waits until `stop` is called.
    public func wait() {
        state.wait { $0.isStopped }
    }

    /// Runs `action` when `stop` is called, or at once if it was.
    ///
    /// For waking a thread that blocks in C: shutting a socket, for example. The action must not block.
    public func onStop(_ action: @escaping @Sendable () -> Void) {
        let runNow = state.withLock { state -> Bool in
            guard !state.isStopped else { return true }
            state.actions.append(action)
            return false
        }
        if runNow { action() }
    }
}
