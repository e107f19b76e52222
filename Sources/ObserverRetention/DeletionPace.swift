import Lifecycle
import System

/// Decides how many objects one request deletes, and how long to wait after trouble.
///
/// A store that asks for fewer requests gets half as many objects with the next one; each success adds fifty.
package struct DeletionPace: Sendable {
    static let most = 1000
    static let least = 50
    private static let step = 50

    /// The number of objects of the next request.
    package private(set) var batch = most
    private var pauses = Backoff(first: .seconds(1), limit: .seconds(300), jitter: 0.5)

    package init() {}

    package mutating func succeeded() {
        batch = min(Self.most, batch + Self.step)
        pauses.reset()
    }

    /// Takes note of a request that was not carried out.
    ///
    /// - Parameter isThrottled: True if the store asked for fewer requests.
    /// - Returns: The wait before the next request.
    package mutating func failed(isThrottled: Bool) -> Duration {
        if isThrottled { batch = max(Self.least, batch / 2) }
        return pauses.next()
    }
}
