import ObserverCore
import ObserverRetention
import ObserverStore
import SeededNumbers
import System

/// A database and a store that fail as a seed wants, and what the schedule makes of them.
struct RetentionSimulator {
    private var generator: SeededGenerator
    private var now = MonotonicInstant.now()
    private var isFailing = true
    private var next: Int64 = 1
    var schedule: RetentionSchedule
    /// Decided and not deleted, as the rows say.
    var expiring: [ExpiringSegment] = []
    /// Not yet decided.
    var due: Int
    var problems: [String] = []
    private let hasVersions: Bool
    private let hasLock: Bool
    /// Objects below holds that the store was not told of.
    var unprotected: Int

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        due = Int.random(in: 0...1500, using: &generator)
        hasVersions = Bool.random(using: &generator)
        hasLock = hasVersions && Bool.random(using: &generator)
        unprotected = hasLock ? Int.random(in: 0...3000, using: &generator) : 0
        schedule = RetentionSchedule(now: now)
    }

    mutating func heal() {
        isFailing = false
        now = now + .seconds(1200)
    }

    private mutating func fails(_ share: Double) -> Bool {
        isFailing && Double.random(in: 0..<1, using: &generator) < share
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            // A new process remembers nothing.
            if fails(0.01) { schedule = RetentionSchedule(now: now) }
            let action = schedule.next(now: now)
            if case .rest(let end) = action {
                if end <= now { problems.append("a rest that is over") }
                now = end
                continue
            }
            now = now + .milliseconds(10)
            schedule.take(event(of: action), now: now)
        }
    }

    private mutating func event(of action: RetentionSchedule.Action) -> RetentionSchedule.Event {
        if fails(0.05) { return .databaseFailed(problem: "the database: away") }
        switch action {
        case .lease: return .leased(fails(0.1) ? nil : .init(wantsPlan: fails(0.2)))
        case .check(let hasMarkers): return check(hasMarkers)
        case .rescue: return .rescued
        case .protect: return protect()
        case .find(let cursor):
            let rest = expiring.filter { segment in cursor.map { segment.id > $0 } ?? true }
            return .found(Array(rest.prefix(1000)))
        case .delete(let segments, let isOfAllVersions): return delete(segments, isOfAllVersions)
        case .plan: return .planned
        case .decide(let limit): return fails(0.1) ? .planWanted : decide(limit)
        case .rest: return .planned
        }
    }

    /// The bucket keeps versions from some day on; it may not say so, but it shows.
    private mutating func check(_ hasMarkers: Bool) -> RetentionSchedule.Event {
        if fails(0.2) { return .checked(.unusable("versions")) }
        let isKnown = hasMarkers || !fails(0.3)
        var state = RetentionBucketState(versions: isKnown && hasVersions ? .deleted : .unknown)
        state.hasObjectLock = hasLock
        return .checked(.usable(state))
    }

    private mutating func protect() -> RetentionSchedule.Event {
        if fails(0.2) { return .notProtected }
        unprotected = max(0, unprotected - 200)
        return .protected(hasMore: unprotected > 0)
    }

    private mutating func delete(
        _ segments: [ExpiringSegment],
        _ isOfAllVersions: Bool
    ) -> RetentionSchedule.Event {
        if segments.isEmpty || segments.count > 1000 { problems.append("\(segments.count) at once") }
        if fails(0.3) { return .notDeleted(isThrottled: fails(0.5), problem: "the store: away") }
        if hasVersions, !isOfAllVersions { return .foundMarkers }
        let gone = Set(segments)
        expiring.removeAll { gone.contains($0) }
        // The answer, or the row that says so, is lost: what is gone is deleted once more.
        if fails(0.1) {
            expiring = (expiring + segments).sorted { $0.id < $1.id }
            return .databaseFailed(problem: "the database: away")
        }
        return .deleted(count: segments.count)
    }

    private mutating func decide(_ limit: Int) -> RetentionSchedule.Event {
        if !expiring.isEmpty { problems.append("decides while \(expiring.count) are left") }
        guard due > 0 else { return .decided(nil) }
        let count = min(limit, due)
        due -= count
        let decided = (0..<count).map { _ -> ExpiringSegment in
            next += 1
            let time = Timestamp(milliseconds: 1_795_464_062_123 + next)
            return ExpiringSegment(id: .version7(at: time, using: &generator), objectKey: "\(next)")
        }
        expiring += decided
        // The commit was made, its answer lost.
        if fails(0.1) { return .databaseFailed(problem: "the database: away") }
        return .decided(decided)
    }
}
