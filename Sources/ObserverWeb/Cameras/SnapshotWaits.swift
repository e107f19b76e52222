import Synchronization

/// The number of requests that wait for a picture of a camera: each has a thread, and some must be left for others.
package final class SnapshotWaits: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    /// Creates it for at most `limit` at the same time.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Runs `body`, unless as many as may wait do so already.
    func wait(_ body: () throws -> Void) rethrows {
        defer { count.subtract(1, ordering: .relaxed) }
        guard count.add(1, ordering: .relaxed).newValue <= limit else { return }
        try body()
    }
}
