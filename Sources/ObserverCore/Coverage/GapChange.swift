/// A change to the gap rows of a stream.
///
/// Each may be applied again: what came of it the first time stays as it is.
package enum GapChange: Hashable, Sendable {
    /// A gap that lasts.
    case open(Gap)
    /// A gap that is over, and that may have been opened before.
    case close(Gap)
    /// The gap that began at this moment turned out to be none.
    case remove(StreamID, epoch: Int64, startedAt: Timestamp)

    package var stream: StreamID {
        switch self {
        case .open(let gap), .close(let gap): gap.stream
        case .remove(let stream, _, _): stream
        }
    }
}

extension [Gap] {
    /// Applies a change to the newest gaps of a stream, as the database does.
    package mutating func apply(_ change: GapChange) {
        switch change {
        case .open(let gap):
            for index in indices where self[index].endedAt == nil {
                self[index].epoch = Swift.max(self[index].epoch, gap.epoch)
            }
            if !contains(where: { $0.startedAt == gap.startedAt || $0.endedAt == nil }) { append(gap) }
        case .close(let gap):
            if let index = firstIndex(where: { $0.startedAt == gap.startedAt }) {
                guard self[index].endedAt == nil, self[index].epoch <= gap.epoch else { return }
                (self[index].endedAt, self[index].epoch) = (gap.endedAt, gap.epoch)
            } else {
                for index in indices where self[index].endedAt == nil && self[index].epoch <= gap.epoch {
                    guard self[index].startedAt < gap.startedAt else { continue }
                    (self[index].endedAt, self[index].epoch) = (gap.startedAt, gap.epoch)
                }
                if !contains(where: { $0.covers(gap) }) { append(gap) }
            }
        case .remove(_, let epoch, let start):
            removeAll { $0.startedAt == start && $0.epoch <= epoch }
        }
    }
}

extension Gap {
    /// Returns true if all of another gap, which is over, lies in this one.
    fileprivate func covers(_ other: Gap) -> Bool {
        startedAt <= other.startedAt && endedAt.map { $0 >= other.endedAt ?? $0 } ?? true
    }
}
