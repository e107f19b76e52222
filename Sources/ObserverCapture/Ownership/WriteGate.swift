import Glibc
import Synchronization
import System

/// The verdict of the ``Lease`` for the writers, together with the moment up to which it holds.
///
/// A process that was frozen sees by its own clock that what it knew is old, before anything else in it has run.
final class WriteGate: Sendable {
    private static let lost = Int64.min
    /// Nanoseconds of the monotonic clock, or ``lost``.
    private let openUntil: Atomic<Int64>

    /// Creates a gate that is held until something is known.
    init() {
        openUntil = Atomic(0)
    }

    /// Takes over what the lease says.
    func set(_ lease: Lease) {
        openUntil.store(lease.openUntil?.nanoseconds ?? Self.lost, ordering: .releasing)
    }

    /// Returns the verdict at a moment, which is the present one.
    func verdict(at now: MonotonicInstant) -> Lease.Verdict {
        let until = openUntil.load(ordering: .acquiring)
        if until == Self.lost { return .lost }
        return now.nanoseconds < until ? .open : .held
    }

    /// Waits while the verdict is `held`.
    ///
    /// - Parameter isOver: Ends the wait.
    /// - Returns: True if the writers may write.
    func waitUntilOpen(unless isOver: () -> Bool) -> Bool {
        while true {
            switch verdict(at: .now()) {
            case .open: return true
            case .lost: return false
            case .held: if isOver() { return false }
            }
            usleep(20_000)
        }
    }
}
