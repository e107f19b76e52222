import ObserverCore

/// The rows of gaps as the database keeps them.
struct GapRows {
    private(set) var rows: [Gap] = []
    /// True once two gaps were open at the same time.
    private(set) var hadTwoOpen = false

    var newest: Gap? { rows.max { $0.startedAt < $1.startedAt } }

    /// Applies a change; `isNew` is false if it was sent before.
    mutating func apply(_ change: GapChange, isNew: Bool) {
        if isNew, case .open(let gap) = change {
            hadTwoOpen = hadTwoOpen || rows.contains { $0.endedAt == nil && $0.startedAt != gap.startedAt }
        }
        rows.apply(change)
    }
}
