import Media
import System

/// A process of `observer-media` that was asked for.
final class MediaProcessStart: Sendable {
    private let outcome = Monitor<Result<MediaProcess, MediaError>?>(nil)
    private let ring: @Sendable () -> Void

    /// Creates a start that goes on; `ring` is called when it has ended.
    init(ring: @escaping @Sendable () -> Void) {
        self.ring = ring
    }

    /// The process, or the reason for none; nil while it goes on.
    var result: Result<MediaProcess, MediaError>? { outcome.withLock { $0 } }

    /// Waits for the result; nil where none came in time.
    func wait(until deadline: MonotonicInstant) -> Result<MediaProcess, MediaError>? {
        outcome.take(until: deadline) { $0 }
    }

    /// Sets the result.
    func finish(_ result: Result<MediaProcess, MediaError>) {
        outcome.withLock { $0 = result }
        ring()
    }
}
