import System

/// The ``Lease`` of this process, which its thread, the reconciler and the writers share.
final class Ownership: Sendable {
    private struct State: Sendable {
        var lease: Lease
        var mark: Int64?
        var hasEnded = true
        var isEnding = false
    }

    let times: Lease.Times
    let gate = WriteGate()
    private let state: Monitor<State>

    init(name: String, times: Lease.Times) {
        self.times = times
        state = Monitor(State(lease: Lease(name: name, times: times)))
    }

    /// The lease as it is now.
    var lease: Lease { state.withLock { $0.lease } }

    /// Reads or changes the lease; the writers see the verdict at once.
    @discardableResult
    func update<Result>(_ body: (inout Lease) -> Result) -> Result {
        state.withLock { state in
            defer { gate.set(state.lease) }
            return body(&state.lease)
        }
    }

    /// Takes note of the state of the recorder's assignments; returns true if it is another one than before.
    func note(assignmentsMark mark: Int64) -> Bool {
        state.withLock { state in
            defer { state.mark = mark }
            return state.mark != mark
        }
    }

    /// True once the process is ending: its row stays that of a recorder that gives its cameras up.
    var isEnding: Bool { state.withLock { $0.isEnding } }

    func beginEnding() {
        state.withLock { $0.isEnding = true }
    }

    // MARK: Loss

    /// Something is recorded, or about to be.
    func begin() {
        state.withLock { $0.hasEnded = false }
    }

    /// Nothing is recorded any more.
    func end() {
        state.withLock { $0.hasEnded = true }
    }

    /// Waits until nothing is recorded; returns false if that takes too long.
    func waitForEnd(until deadline: MonotonicInstant) -> Bool {
        state.wait(until: deadline) { $0.hasEnded }
    }
}
