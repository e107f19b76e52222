import Encodings
import System

/// Hands one result from the engine's thread to the one that waits for it.
final class Outcome<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, S3Error>?>(nil)

    func set(_ value: Result<Value, S3Error>) {
        result.withLock { $0 = value }
    }

    func wait() -> Result<Value, S3Error> {
        result.wait { $0 != nil }
        return result.withLock { $0 } ?? .failure(S3Error(kind: .network, reason: "no outcome"))
    }
}
