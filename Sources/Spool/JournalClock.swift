import ObserverCore

/// The time of day under which a change was decided, while it was not proven.
package struct JournalClock: Codable, Hashable, Sendable {
    package var boot: String
    /// UTC less the machine's own clock, in microseconds.
    package var offset: Int64

    package init(boot: String, offset: Int64) {
        self.boot = boot
        self.offset = offset
    }

    /// Returns the change at the times that are known now; nil for one that belongs nowhere.
    ///
    /// Times since the boot were counted by the machine's own clock, and move; earlier ones came from rows and files. A change of
    /// an earlier boot cannot be moved: if it lies in the future, or before clocks begin, the next start accounts for that time.
    func settle(_ change: GapChange, _ time: SpoolTime) -> GapChange? {
        func moved(_ wall: Timestamp) -> Timestamp {
            let uptime = wall.microseconds.addingSaturated(0 - offset)
            return uptime < 0 ? wall : time.timeOfDay.wall(uptime)
        }
        guard boot == time.boot else {
            switch change {
            case .open(let gap), .close(let gap):
                return time.isPossible(gap.startedAt) && gap.endedAt.map(time.isPossible) ?? true ? change : nil
            case .remove: return change
            }
        }
        switch change {
        case .open(var gap):
            gap.startedAt = moved(gap.startedAt)
            return .open(gap)
        case .close(var gap):
            (gap.startedAt, gap.endedAt) = (moved(gap.startedAt), gap.endedAt.map(moved))
            return gap.endedAt.map { $0 > gap.startedAt } ?? false ? .close(gap) : nil
        case .remove(let stream, let epoch, let start):
            return .remove(stream, epoch: epoch, startedAt: moved(start))
        }
    }
}
