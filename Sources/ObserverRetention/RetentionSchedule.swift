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
        /// Ask the stores what they keep; where there are markers, a deletion has shown that versions are kept.
        case check(markers: DestinationSet)
        /// Take back what is decided and not deleted, and that a hold covers by now.
        case rescue
        /// Look for what is decided and not deleted, after a segment.
        case find(after: SegmentID?)
        case delete([ExpiringSegment], StoreTerms)
        /// Tell the stores of a part of a hold.
        case protect(StoreTerms)
        case plan
        case decide(limit: Int)
        case rest(until: MonotonicInstant)
    }

    package enum Event: Hashable, Sendable {
        /// Nil while another process has the lease.
        case leased(RetentionStatusStore.Lease?)
        /// The verdict about each store.
        case checked([Destination: BucketTerms.Verdict])
        case rescued
        case found([ExpiringSegment])
        /// So many of the first ones are dealt with.
        case deleted(count: Int)
        case notDeleted(isThrottled: Bool, problem: String)
        /// So many of the first ones are dealt with, but for what lies in stores that do not delete.
        case hindered(count: Int, [Destination: String])
        /// Buckets have left delete markers, which frees nothing.
        case foundMarkers(DestinationSet)
        /// Told of a part of a hold; more remains, or nothing for now.
        case protected(hasMore: Bool)
        case notProtected
        case planned
        /// A rule was changed: nothing is decided by the old plan.
        case planWanted
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
    /// The time after which the bucket is asked again, which somebody may have changed.
    static let checkInterval: Duration = .seconds(3600)
    static let protectionInterval: Duration = .seconds(60)
    private static let recheck: Duration = .seconds(300)

    private var storeProblem: String?
    private var databaseProblem: String?
    private var hasLease = false
    private var terms = StoreTerms()
    private var markers: DestinationSet = []
    private var pace = DeletionPace()
    private var nextLease: MonotonicInstant
    private var pausedUntil: MonotonicInstant?
    private var nextCheck: MonotonicInstant
    private var nextProtection: MonotonicInstant
    /// True right after protecting: deleting has the next turn.
    private var hasProtected = false
    private var nextPlan: MonotonicInstant
    private var nextLook: MonotonicInstant
    /// Nil while the leftovers are looked through.
    private var nextLeftovers: MonotonicInstant?
    private var isRescued = false
    private var cursor: SegmentID?
    /// Decided, and to be deleted next.
    private var pending: [ExpiringSegment] = []

    package init(now: MonotonicInstant) {
        (nextLease, nextPlan, nextLook) = (now, now, now)
        (nextCheck, nextProtection) = (now, now)
    }

    /// The trouble that keeps it from working, as a sentence.
    package var problem: String? { databaseProblem ?? storeProblem ?? terms.problem }

    /// Returns the next action.
    package func next(now: MonotonicInstant) -> Action {
        if nextLease <= now { return .lease }
        guard hasLease else { return .rest(until: nextLease) }
        if let pausedUntil, now < pausedUntil { return .rest(until: min(pausedUntil, nextLease)) }
        if nextCheck <= now { return .check(markers: markers) }
        let action = nextOfDeletion(now: now)
        guard !terms.locking.isEmpty else { return action }
        if case .rest(let end) = action {
            return nextProtection <= now ? .protect(terms) : .rest(until: min(end, nextProtection))
        }
        return nextProtection <= now && !hasProtected ? .protect(terms) : action
    }

    private func nextOfDeletion(now: MonotonicInstant) -> Action {
        if !pending.isEmpty {
            return .delete(Array(pending.prefix(pace.batch)), terms)
        }
        guard let nextLeftovers else { return isRescued ? .find(after: cursor) : .rescue }
        if nextPlan <= now { return .plan }
        if nextLook <= now { return .decide(limit: pace.batch) }
        if nextLeftovers <= now { return .rescue }
        return .rest(until: [nextLease, nextCheck, nextPlan, nextLook, nextLeftovers].min() ?? nextLease)
    }

    /// Takes note of what came of the last action.
    package mutating func take(_ event: Event, now: MonotonicInstant) {
        switch event {
        case .leased(let lease): leased(lease, now: now)
        case .checked(let verdicts): checked(StoreTerms(verdicts), now: now)
        case .rescued:
            databaseProblem = nil
            (isRescued, nextLeftovers, cursor) = (true, nil, nil)
        case .found(let segments):
            databaseProblem = nil
            pending = segments
            cursor = segments.last?.id
            nextLeftovers = segments.isEmpty ? now + Self.leftoverInterval : nil
            if segments.isEmpty { isRescued = false }
        case .deleted(let count):
            pace.succeeded()
            (storeProblem, databaseProblem) = (nil, nil)
            pending.removeFirst(min(max(count, 0), pending.count))
        case .hindered(let count, let problems):
            (storeProblem, databaseProblem) = (nil, nil)
            pending.removeFirst(min(max(count, 0), pending.count))
            for (destination, problem) in problems { terms.exclude(destination, because: problem) }
            nextCheck = min(nextCheck, now + Self.recheck)
        case .notDeleted(let isThrottled, let problem):
            storeProblem = problem
            pausedUntil = now + pace.failed(isThrottled: isThrottled)
        case .foundMarkers(let destinations):
            markers.formUnion(destinations)
            nextCheck = now
        case .protected(let hasMore):
            databaseProblem = nil
            nextProtection = hasMore ? now : now + Self.protectionInterval
        case .notProtected: nextProtection = now + Self.recheck
        case .planned:
            databaseProblem = nil
            nextPlan = now + Self.planInterval
            nextLook = now
        case .planWanted: nextPlan = now
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
        if case .protected = event { hasProtected = true } else { hasProtected = false }
    }

    private mutating func checked(_ found: StoreTerms, now: MonotonicInstant) {
        terms = found
        guard !found.usable.isEmpty else {
            storeProblem = found.problem
            pausedUntil = now + Self.recheck
            return
        }
        (storeProblem, databaseProblem, pausedUntil) = (nil, nil, nil)
        nextCheck = now + (found.troubled.isEmpty ? Self.checkInterval : Self.recheck)
        markers = []
    }

    private mutating func leased(_ lease: RetentionStatusStore.Lease?, now: MonotonicInstant) {
        nextLease = now + Self.renewal
        if lease?.wantsPlan == true {
            // A rule or a hold has changed.
            nextPlan = now
            nextProtection = min(nextProtection, now)
            nextLeftovers = nextLeftovers.map { min($0, now) }
        }
        guard (lease != nil) != hasLease else { return }
        hasLease = lease != nil
        nextCheck = now
        // Another process may have worked meanwhile.
        forget()
    }

    /// Asks the database what is left, instead of relying on what was known.
    private mutating func forget() {
        pending = []
        cursor = nil
        nextLeftovers = nil
        isRescued = false
    }
}
