package import ObserverCore
package import ObserverStore
package import System

/// Decides what `observer-retention` does next.
///
/// One process works at a time: whoever has the lease. What an earlier life decided and did not finish comes first; nothing new
/// is decided while the store does not delete what was decided before, so that no recording is gone for its viewers for long
/// before its bytes are. The shell carries out one action after the other and reports what came of it.
package struct RetentionSchedule: Sendable {
    package enum Action: Hashable, Sendable {
        case lease
        /// Ask the store whether it keeps versions.
        case check
        /// Look for what is decided and not deleted, after a segment.
        case find(after: SegmentID?)
        case delete([ExpiringSegment])
        case plan
        case decide(limit: Int)
        case rest(until: MonotonicInstant)
    }

    package enum Event: Hashable, Sendable {
        /// Nil while another process has the lease.
        case leased(RetentionStatusStore.Lease?)
        /// The reason for which the bucket cannot be used, as a sentence.
        case checked(problem: String?)
        case found([ExpiringSegment])
        /// So many of the first ones are dealt with.
        case deleted(count: Int)
        case notDeleted(isThrottled: Bool, problem: String)
        case planned
        /// Nil: no deletion runs.
        case decided([ExpiringSegment]?)
        case databaseFailed(problem: String)
    }

    /// The length of a lease, in seconds.
    package static let leaseSeconds: Int64 = 60
    static let renewal: Duration = .seconds(15)
    static let planInterval: Duration = .seconds(600)
    static let lookInterval: Duration = .seconds(5)
    static let leftoverInterval: Duration = .seconds(600)
    private static let recheck: Duration = .seconds(300)

    private var storeProblem: String?
    private var databaseProblem: String?
    private var hasLease = false
    private var isChecked = false
    private var pace = DeletionPace()
    private var nextLease: MonotonicInstant
    private var pausedUntil: MonotonicInstant?
    private var nextPlan: MonotonicInstant
    private var nextLook: MonotonicInstant
    /// Nil while the leftovers are looked through.
    private var nextLeftovers: MonotonicInstant?
    private var cursor: SegmentID?
    /// Decided, and to be deleted next.
    private var pending: [ExpiringSegment] = []

    package init(now: MonotonicInstant) {
        (nextLease, nextPlan, nextLook) = (now, now, now)
    }

    /// The trouble that keeps it from working, as a sentence.
    package var problem: String? { databaseProblem ?? storeProblem }

    /// Returns the next action.
    package func next(now: MonotonicInstant) -> Action {
        if nextLease <= now { return .lease }
        guard hasLease else { return .rest(until: nextLease) }
        if let pausedUntil, now < pausedUntil { return .rest(until: min(pausedUntil, nextLease)) }
        if !isChecked { return .check }
        if !pending.isEmpty { return .delete(Array(pending.prefix(pace.batch))) }
        guard let nextLeftovers else { return .find(after: cursor) }
        if nextPlan <= now { return .plan }
        if nextLook <= now { return .decide(limit: pace.batch) }
        if nextLeftovers <= now { return .find(after: nil) }
        return .rest(until: [nextLease, nextPlan, nextLook, nextLeftovers].min() ?? nextLease)
    }

    /// Takes note of what came of the last action.
    package mutating func take(_ event: Event, now: MonotonicInstant) {
        switch event {
        case .leased(let lease): leased(lease, now: now)
        case .checked(let problem):
            storeProblem = problem
            isChecked = problem == nil
            pausedUntil = problem == nil ? nil : now + Self.recheck
        case .found(let segments):
            databaseProblem = nil
            pending = segments
            cursor = segments.last?.id
            nextLeftovers = segments.isEmpty ? now + Self.leftoverInterval : nil
        case .deleted(let count):
            pace.succeeded()
            (storeProblem, databaseProblem) = (nil, nil)
            pending.removeFirst(min(max(count, 0), pending.count))
        case .notDeleted(let isThrottled, let problem):
            storeProblem = problem
            pausedUntil = now + pace.failed(isThrottled: isThrottled)
        case .planned:
            databaseProblem = nil
            nextPlan = now + Self.planInterval
            nextLook = now
        case .decided(let segments):
            databaseProblem = nil
            pending = segments ?? []
            if segments == nil { nextLook = now + Self.lookInterval }
        case .databaseFailed(let problem):
            databaseProblem = problem
            let pause = now + pace.failed(isThrottled: false)
            pausedUntil = pause
            nextLease = pause
            // A decision whose answer was lost may have been made.
            forget()
        }
    }

    private mutating func leased(_ lease: RetentionStatusStore.Lease?, now: MonotonicInstant) {
        nextLease = now + Self.renewal
        if lease?.wantsPlan == true { nextPlan = now }
        guard (lease != nil) != hasLease else { return }
        hasLease = lease != nil
        isChecked = false
        // Another process may have worked meanwhile.
        forget()
    }

    /// Asks the database what is left, instead of relying on what was known.
    private mutating func forget() {
        pending = []
        cursor = nil
        nextLeftovers = nil
    }
}
