import System

/// The decision whether a recorder may take its name.
///
/// A pure value. Two that live under one name would take the cameras from each other for ever, so the second is refused. On
/// one disk the lock of the spool keeps them apart; this is about the rest: another machine, or a copy of the disk. The row
/// of the name tells who had it last. It is free when nobody has it, when its owner ended in order, and when its owner was
/// this spool's own former life, which is dead because this process has the lock. Otherwise its heartbeat is watched: one
/// that stands still for ``Lease/Times/watch`` belongs to a recorder that is gone.
struct Registration: Sendable {
    /// The row of the name.
    struct Row: Hashable, Sendable {
        var spoolID: String
        var incarnation: Int64
        var heartbeat: Int64
        var isFenced = false
        var hasStopped = false
    }

    enum Decision: Hashable, Sendable {
        /// Register, if the row is still this one.
        case register(over: Row?)
        /// Look again soon.
        case wait
        /// Another recorder lives under the name.
        case refuse
    }

    private let times: Lease.Times
    private let spoolID: String
    /// The incarnation of this spool's last life, if it is known.
    private let former: Int64?
    private var seen: (row: Row, at: MonotonicInstant)?

    init(spoolID: String, former: Int64?, times: Lease.Times) {
        self.spoolID = spoolID
        self.former = former
        self.times = times
    }

    /// Decides by the row as it was read at a moment; nil if there is none.
    mutating func decide(_ row: Row?, at now: MonotonicInstant) -> Decision {
        guard let row, !row.hasStopped, !isOwn(row) else { return .register(over: row) }
        guard let (first, at) = seen, first.incarnation == row.incarnation else {
            seen = (row, now)
            return .wait
        }
        if first.heartbeat != row.heartbeat { return .refuse }
        return now - at >= times.watch ? .register(over: row) : .wait
    }

    /// True if the row is that of a former life in this spool, which may have been fenced since.
    private func isOwn(_ row: Row) -> Bool {
        guard row.spoolID == spoolID else { return false }
        guard let former else { return row.isFenced }
        return row.incarnation == former || (row.isFenced && row.incarnation == former + 1)
    }
}
