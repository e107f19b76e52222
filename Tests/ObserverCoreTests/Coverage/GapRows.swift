import ObserverCore

/// The rows of gaps as the database keeps them.
struct GapRows {
    private(set) var rows: [Gap] = []
    /// True once two gaps were open at the same time.
    private(set) var hadTwoOpen = false

    var newest: Gap? { rows.max { $0.startedAt < $1.startedAt } }

    /// Applies a change as the statements of `GapStore` do; `isNew` is false if it was sent before.
    mutating func apply(_ change: GapChange, isNew: Bool) {
        switch change {
        case .open(let gap):
            for index in rows.indices where rows[index].endedAt == nil {
                if isNew, rows[index].startedAt != gap.startedAt { hadTwoOpen = true }
                rows[index].epoch = max(rows[index].epoch, gap.epoch)
            }
            guard !rows.contains(where: { $0.startedAt == gap.startedAt || $0.endedAt == nil }) else { return }
            rows.append(gap)
        case .close(let gap):
            guard let index = rows.firstIndex(where: { $0.startedAt == gap.startedAt }) else { return rows.append(gap) }
            if rows[index].endedAt == nil { rows[index].endedAt = gap.endedAt }
        case .remove(_, let epoch, let start):
            rows.removeAll { $0.startedAt == start && $0.epoch <= epoch }
        }
    }
}
