import ObserverCore
import System

/// The cameras that went to another recorder while this one lives: it goes on with each until the other records.
///
/// A pure value. What both record meanwhile is doubled for a few seconds; what neither records would be lost.
struct HandOvers: Sendable {
    private var deadlines: [CameraID: MonotonicInstant] = [:]
    private let limit: Duration

    /// - Parameter limit: The longest time for which this recorder goes on.
    init(limit: Duration) {
        self.limit = limit
    }

    var cameras: [CameraID] { deadlines.keys.sorted() }

    /// Takes note of the cameras that this recorder records and of those that are its own; others are handed over.
    mutating func update(recorded: [CameraID], own: Set<CameraID>, at now: MonotonicInstant) {
        let leaving = recorded.filter { !own.contains($0) }
        deadlines = Dictionary(uniqueKeysWithValues: leaving.map { ($0, deadlines[$0] ?? now + limit) })
    }

    /// Takes out the cameras with which this recorder ends: others have them, or its time is over.
    mutating func end(taken: Set<CameraID>, at now: MonotonicInstant) -> [CameraID] {
        let ended = cameras.filter { id in taken.contains(id) || deadlines[id].map { now >= $0 } ?? false }
        for id in ended { deadlines[id] = nil }
        return ended
    }
}
