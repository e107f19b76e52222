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

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        due = Int.random(in: 0...1500, using: &generator)
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
        case .check: return .checked(problem: fails(0.2) ? "versions" : nil)
        case .find(let cursor):
            let rest = expiring.filter { segment in cursor.map { segment.id > $0 } ?? true }
            return .found(Array(rest.prefix(1000)))
        case .delete(let segments): return delete(segments)
        case .plan: return .planned
        case .decide(let limit): return decide(limit)
        case .rest: return .planned
        }
    }

    private mutating func delete(_ segments: [ExpiringSegment]) -> RetentionSchedule.Event {
        if segments.isEmpty || segments.count > 1000 { problems.append("\(segments.count) at once") }
        if fails(0.3) { return .notDeleted(isThrottled: fails(0.5), problem: "the store: away") }
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
