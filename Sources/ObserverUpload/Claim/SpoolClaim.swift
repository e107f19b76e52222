package import ObserverStore
package import System

/// Decides whether an uploader has its spool: `(state, event, now) -> actions`.
///
/// The lock of the folder keeps a second process of this machine out: it ends before it comes here. The row in the database keeps out the uploader of a
/// copy: a cloned machine, a disk image, a folder that was copied with its identity. It would take the messages of the
/// original, and each would find the other's segments missing.
///
/// Of two, the one that has the row keeps it. The other uploads nothing and deletes nothing until the reports of the first have
/// stood still for a lease, measured here, by a clock that nobody sets, with the database in sight all the time: while it is
/// away nobody can report. That the first has ended in order shortens nothing, because it may just be started again.
///
/// Without the database an uploader that has the spool goes on, because its lock still holds. One that is starting begins as
/// well, unless its folder is known to be a copy, or moved, or the spool was another's by the database's last word; then it
/// waits for a lease first. That is safe: what it uploads is the same wherever it comes from, files go only after the store
/// has proven that it has them, and no row is written until the database answers. Then the first answer decides.
package struct SpoolClaim: Sendable {
    package typealias Holder = UploaderStore.Holder

    /// The claim on the spool.
    package enum State: Hashable, Sendable {
        case unclaimed
        case claimed
        /// Another uploader has it, and is alive.
        case refused(Holder)
    }

    package enum Event: Hashable, Sendable {
        /// The lock of the folder is this process's. The folder is where an uploader had the spool last, as far as is known.
        case lockTaken(isKnownFolder: Bool)
        /// The database has this uploader's row.
        case granted
        /// The database has another's.
        case held(Holder)
        case databaseAway
    }

    package enum Action: Hashable, Sendable {
        /// Uploads may begin.
        case begin
        /// Uploads must end: nothing more is deleted either.
        case end
        case report(Report)
    }

    /// A change that people want to read about, once.
    package enum Report: Hashable, Sendable {
        /// The spool is another's, who is alive: one of the two is a copy.
        case refused(Holder)
        /// The spool was another's, who may be dead.
        case waiting(Holder)
        /// The former one is over.
        case succeeded(Holder)
        /// Uploads begin without the database's word.
        case withoutDatabase
    }

    private let lease: Duration
    package private(set) var state: State = .unclaimed
    /// The uploader that is taken for dead; the next claim is made over it.
    package private(set) var former: Holder?
    private var watched: (holder: Holder, since: MonotonicInstant)?
    private var isKnownFolder = false
    private var waitsSince: MonotonicInstant?

    package init(lease: Duration = .seconds(30)) {
        self.lease = lease
    }

    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        switch event {
        case .lockTaken(let isKnownFolder):
            self.isKnownFolder = isKnownFolder
            waitsSince = now
            return []
        case .granted: return granted()
        case .held(let holder): return held(holder, now: now)
        case .databaseAway: return databaseAway(now: now)
        }
    }

    private mutating func granted() -> [Action] {
        defer { (state, former, watched) = (.claimed, nil, nil) }
        guard state != .claimed else { return [] }
        return [.begin] + (watched.map { [.report(.succeeded($0.holder))] } ?? [])
    }

    private mutating func held(_ holder: Holder, now: MonotonicInstant) -> [Action] {
        let last = watched?.holder
        if last != holder { watched = (holder, now) }
        former = watched.flatMap { now - $0.since >= lease ? $0.holder : nil }
        switch state {
        case .claimed:
            // It was taken over, by one that is alive.
            state = .refused(holder)
            return [.end, .report(.refused(holder))]
        case .unclaimed where last == nil: return [.report(.waiting(holder))]
        case .unclaimed where last == holder: return []
        case .unclaimed:
            state = .refused(holder)
            return [.report(.refused(holder))]
        case .refused:
            state = .refused(holder)
            return []
        }
    }

    private mutating func databaseAway(now: MonotonicInstant) -> [Action] {
        // Nobody can report, so standing still says nothing.
        former = nil
        if let holder = watched?.holder { watched = (holder, now) }
        guard state == .unclaimed, let waitsSince else { return [] }
        guard isKnownFolder && watched == nil || now - waitsSince >= lease else { return [] }
        state = .claimed
        return [.begin, .report(.withoutDatabase)]
    }
}
