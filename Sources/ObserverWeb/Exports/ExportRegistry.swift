package import HTTPRouting
import HTTPTypes
package import ObserverCore
import System

/// The exports that are being sent, with their limits.
package final class ExportRegistry: Sendable {
    /// An export that is being sent.
    package struct Running: Hashable, Sendable {
        package let id: Int64
        /// The person or program that asked: `user:alice`.
        package let owner: String
        /// A name for people.
        package let name: String
        package let since: Timestamp
        package internal(set) var sentBytes: Int64 = 0
        package internal(set) var totalBytes: Int64 = 0
        package internal(set) var isCancelled = false
    }

    private struct State: Sendable {
        var running: [Int64: Running] = [:]
        var last: Int64 = 0
    }

    /// The exports at once.
    private let limit: Int
    /// The exports of one person or program at once.
    private let limitOfOne: Int
    private let state: Monitor<State>
    /// The time that a request waits for a place: a player that goes elsewhere in a file ends one request and begins another.
    private static let patience = Duration.seconds(1)

    package init(limit: Int, limitOfOne: Int) {
        self.limit = limit
        self.limitOfOne = limitOfOne
        state = Monitor(State())
    }

    /// A place among the exports; it is free again when nobody has it any more.
    package final class Place: Sendable {
        package let id: Int64
        private let registry: ExportRegistry

        fileprivate init(_ id: Int64, _ registry: ExportRegistry) {
            self.id = id
            self.registry = registry
        }

        deinit { registry.remove(id) }

        /// True where somebody stopped it.
        package var isCancelled: Bool {
            registry.state.withLockUnnoticed { $0.running[id]?.isCancelled ?? true }
        }

        /// Takes note of what is to be sent.
        package func set(totalBytes: Int64) {
            registry.state.withLockUnnoticed { $0.running[id]?.totalBytes = totalBytes }
        }

        /// Takes note of bytes that were sent.
        package func sent(_ bytes: Int) {
            registry.state.withLockUnnoticed { $0.running[id]?.sentBytes += Int64(bytes) }
        }
    }

    /// Takes a place.
    ///
    /// - Throws: `Problem` 429 where one has too many, 503 where all together have.
    package func enter(_ owner: Actor, name: String, now: Timestamp) throws(Problem) -> Place {
        let owner = owner.description
        var isOwn = false
        let place = state.take(until: .now() + Self.patience) { state -> Place? in
            isOwn = state.running.values.count { $0.owner == owner } >= limitOfOne
            guard !isOwn, state.running.count < limit else { return nil }
            state.last += 1
            state.running[state.last] = Running(id: state.last, owner: owner, name: name, since: now)
            return Place(state.last, self)
        }
        if let place { return place }
        throw isOwn
            ? Problem(
                429,
                "You have \(limitOfOne) exports running, as many as one may have. Wait for one, or stop one."
            )
            .with(.retryAfter, "10")
            : Problem(503, "\(limit) exports are running, as many as there may be. Try again in a moment.")
                .with(.retryAfter, "10")
    }

    private func remove(_ id: Int64) {
        state.withLock { _ = $0.running.removeValue(forKey: id) }
    }

    /// All exports, oldest first.
    package var all: [Running] {
        state.withLockUnnoticed { $0.running.values.sorted { $0.id < $1.id } }
    }

    /// Stops all exports, because the program ends.
    package func cancelAll() {
        state.withLock { state in
            for id in state.running.keys { state.running[id]?.isCancelled = true }
        }
    }

    /// Stops an export.
    ///
    /// - Parameters:
    ///   - id: The export.
    ///   - owner: Whose it has to be; nil for anybody's.
    /// - Returns: Nil where there is none; false where it is somebody else's.
    package func cancel(_ id: Int64, of owner: Actor?) -> Bool? {
        state.withLock { state in
            guard let found = state.running[id] else { return nil }
            if let owner, found.owner != owner.description { return false }
            state.running[id]?.isCancelled = true
            return true
        }
    }
}
