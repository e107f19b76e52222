import System

/// A result that is handed from the engine's thread to the thread that waits for it.
final class PendingResult<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, S3Error>?>(nil)

    func set(_ value: Result<Value, S3Error>) {
        result.withLock { $0 = value }
    }

    /// Waits without a limit: every request of the engine ends by its own limits.
    func wait() -> Result<Value, S3Error> {
        result.wait { $0 != nil }
        return result.withLock { $0 } ?? .failure(S3Error(.network, "no outcome"))
    }
}
