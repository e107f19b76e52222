import Media
import System

/// A process of `observer-media` that was asked for; it ends again if nobody takes it.
final class MediaProcessStart: Sendable {
    private enum State: Sendable {
        case pending
        case finished(Result<MediaProcess, MediaError>)
        case taken
    }

    private let state = Monitor(State.pending)
    private let ring: @Sendable () -> Void

    /// Creates a start that goes on; `ring` is called when it has ended.
    init(ring: @escaping @Sendable () -> Void) {
        self.ring = ring
    }

    deinit {
        if case .finished(.success(let process)) = state.withLock({ $0 }) { process.leave() }
    }

    /// True once there is something to take.
    var hasEnded: Bool { if case .pending = state.withLock({ $0 }) { false } else { true } }

    /// Takes the process, or the reason for none; nil while the start goes on.
    func take() -> Result<MediaProcess, MediaError>? { take(until: .distantPast) }

    /// Waits for the process; nil where none came in time.
    func take(until deadline: MonotonicInstant) -> Result<MediaProcess, MediaError>? {
        state.take(until: deadline) { state in
            guard case .finished(let result) = state else { return nil }
            state = .taken
            return result
        }
    }

    /// Sets the result.
    func finish(_ result: Result<MediaProcess, MediaError>) {
        state.withLock { $0 = .finished(result) }
        ring()
    }
}
