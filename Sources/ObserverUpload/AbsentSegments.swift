import ObserverCore
import System

/// Segments that were neither in the spool nor in S3, and when that was found first.
///
/// Only what is still in neither an hour later is lost: folders are moved, disks mounted again, and stores answer from a state
/// of minutes ago.
struct AbsentSegments: Sendable {
    static let patience: Duration = .seconds(3600)
    /// Further ones are found by their next message; until then their rows stay as they are.
    private static let limit = 10_000

    private var since: [SegmentID: MonotonicInstant] = [:]
    private var nextDue: MonotonicInstant?

    /// Takes note that a segment is in neither place; returns true if it was so an hour ago.
    mutating func found(_ id: SegmentID, now: MonotonicInstant) -> Bool {
        if let first = since[id] { return now - first >= Self.patience }
        guard since.count < Self.limit else { return false }
        since[id] = now
        nextDue = min(nextDue ?? now + Self.patience, now + Self.patience)
        return false
    }

    func contains(_ id: SegmentID) -> Bool { since[id] != nil }

    /// Forgets a segment: it turned up, or is lost.
    mutating func remove(_ id: SegmentID) { since[id] = nil }

    /// Returns the segments that are to be looked for once more, in order; again in a minute, while they stay.
    mutating func due(_ now: MonotonicInstant) -> [SegmentID] {
        guard let next = nextDue, now >= next else { return [] }
        let due = since.filter { now - $0.value >= Self.patience }.map(\.key).sorted()
        nextDue = since.isEmpty ? nil : now + .seconds(60)
        return due
    }
}
