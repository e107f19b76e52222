package import System

/// Keeps retention from deleting while the database may be an earlier state of itself.
///
/// The thread that compares database and bucket opens and closes it; the one that deletes looks at it before each step.
package final class CatalogueGate: Sendable {
    private struct State: Sendable {
        /// Nil while it is open.
        var reason: String?
        /// The lowest number that a database may have that knows all that this one knew; nil: any.
        var number: Int64?
        var isSuspicious = false
        var isStopped = false
    }

    private let state: Monitor<State>

    private init(_ state: State) {
        self.state = Monitor(state)
    }

    /// Creates a gate that is closed until bucket and database were compared.
    package convenience init() {
        self.init(State(reason: "the catalogue in the bucket has not been compared with the database yet"))
    }

    /// A gate that nobody closes.
    package static func alwaysOpen() -> CatalogueGate {
        CatalogueGate(State(reason: nil))
    }

    /// The reason for which nothing may be deleted; nil while it may.
    package var reason: String? { state.withLockUnnoticed { $0.reason } }

    /// Opens it for a database of this number or a higher one; nil for any.
    package func open(number: Int64?) {
        state.withLock { state in
            state.reason = nil
            state.number = number
            state.isSuspicious = false
        }
    }

    package func close(_ reason: String) {
        state.withLock { $0.reason = reason }
    }

    /// Returns true if a step may be made with a database of this number; one that is lower than it was closes the gate and
    /// wakes whoever compares.
    package func admits(number: Int64) -> Bool {
        state.withLock { state in
            guard state.reason == nil else { return false }
            guard let least = state.number, number < least else { return true }
            state.reason = "the database is an earlier state of itself; what it lacks comes back from the bucket first"
            state.isSuspicious = true
            return false
        }
    }

    /// Waits until it is open, or stopped.
    package func waitUntilOpen() {
        state.wait { $0.reason == nil || $0.isStopped }
    }

    /// Waits until there is a suspicion, or stopped, but not beyond a moment.
    ///
    /// - Returns: True if there is a suspicion.
    package func waitForSuspicion(until end: MonotonicInstant) -> Bool {
        state.take(until: end) { state in
            guard state.isSuspicious || state.isStopped else { return nil }
            defer { state.isSuspicious = false }
            return state.isSuspicious
        } ?? false
    }

    /// Wakes all who wait, for good.
    package func stop() {
        state.withLock { $0.isStopped = true }
    }
}
