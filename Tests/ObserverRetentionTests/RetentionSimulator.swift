import ObserverCore
import ObserverRetention
import ObserverStore
import S3
import SeededNumbers
import System

/// A database and up to three stores that fail as a seed wants, and what the schedule makes of them.
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
    /// The stores that are set up, those that keep versions, and those that lock.
    private let stores: DestinationSet
    private let versioned: DestinationSet
    private let locking: DestinationSet
    /// The objects of each store.
    private var objects: [Destination: Set<String>] = [:]
    var objectCount: Int { objects.values.map(\.count).reduce(0, +) }
    /// Objects below holds that the store was not told of.
    var unprotected: Int

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        due = Int.random(in: 0...1500, using: &generator)
        let count = Int.random(in: 1...3, using: &generator)
        stores = DestinationSet(Destination.allCases.prefix(count))
        versioned = stores.intersection(DestinationSet(rawValue: .random(in: 0...7, using: &generator)))
        locking = versioned.intersection(DestinationSet(rawValue: .random(in: 0...7, using: &generator)))
        unprotected = locking.isEmpty ? 0 : Int.random(in: 0...3000, using: &generator)
        schedule = RetentionSchedule(now: now)
        self.generator = generator
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
        case .check(let markers): return check(markers)
        case .rescue: return .rescued
        case .protect: return protect()
        case .find(let cursor):
            let rest = expiring.filter { segment in cursor.map { segment.id > $0 } ?? true }
            return .found(Array(rest.prefix(1000)))
        case .delete(let segments, let terms): return delete(segments, terms)
        case .plan: return .planned
        case .decide(let limit): return fails(0.1) ? .planWanted : decide(limit)
        case .rest: return .planned
        }
    }

    /// A bucket keeps versions from some day on; it may not say so, but it shows.
    private mutating func check(_ markers: DestinationSet) -> RetentionSchedule.Event {
        var verdicts: [Destination: BucketTerms.Verdict] = [:]
        for store in stores.members {
            if fails(0.2) {
                verdicts[store] = .unusable("versions")
                continue
            }
            let isKnown = markers.contains(store) || !fails(0.3)
            var state = RetentionBucketState(versions: isKnown && versioned.contains(store) ? .deleted : .unknown)
            state.hasObjectLock = locking.contains(store)
            verdicts[store] = .usable(state)
        }
        return .checked(verdicts)
    }

    private mutating func protect() -> RetentionSchedule.Event {
        if fails(0.2) { return .notProtected }
        unprotected = max(0, unprotected - 200)
        return .protected(hasMore: unprotected > 0)
    }

    private mutating func delete(_ segments: [ExpiringSegment], _ terms: StoreTerms) -> RetentionSchedule.Event {
        if segments.isEmpty || segments.count > 1000 { problems.append("\(segments.count) at once") }
        var round = DeletionRound(segments, terms)
        for request in round.requests { round.take(answer(to: request), from: request.destination) }
        if !round.markers.isEmpty { return .foundMarkers(round.markers) }
        let gone = Set(round.gone)
        for segment in gone where objects.values.contains(where: { $0.contains(segment.objectKey) }) {
            problems.append("\(segment.objectKey) is gone by its row, and a store has it")
        }
        // The answer, or the row that says so, is lost: what is gone is deleted once more.
        if fails(0.1) { return .databaseFailed(problem: "the database: away") }
        expiring.removeAll { gone.contains($0) }
        return round.event(locked: [], of: segments.count)
    }

    private mutating func answer(to request: DeletionRound.Request) -> Result<S3Deletion, S3Error> {
        if fails(0.2) { return .failure(S3Error(fails(0.3) ? .throttled : .unavailable, "away")) }
        var deletion = S3Deletion()
        if versioned.contains(request.destination), !request.isOfAllVersions {
            deletion.hasMarkers = true
            return .success(deletion)
        }
        let refusesAll = fails(0.1)
        for key in request.keys {
            if refusesAll || (stores != .home && fails(0.01)) {
                deletion.refused[key] = "AccessDenied"
            } else {
                objects[request.destination]?.remove(key)
            }
        }
        return .success(deletion)
    }

    private mutating func decide(_ limit: Int) -> RetentionSchedule.Event {
        // What one of several stores does not delete waits for the next round of leftovers.
        if stores == .home, !expiring.isEmpty { problems.append("decides while \(expiring.count) are left") }
        guard due > 0 else { return .decided(nil) }
        let count = min(limit, due)
        due -= count
        let decided = (0..<count).map { _ -> ExpiringSegment in
            next += 1
            let time = Timestamp(milliseconds: 1_795_464_062_123 + next)
            let places = stores.intersection(DestinationSet(rawValue: .random(in: 0...7, using: &generator)))
            let segment = ExpiringSegment(
                id: .version7(at: time, using: &generator),
                objectKey: "\(next)",
                destinations: places.isEmpty ? .home : places
            )
            for store in segment.destinations.members { objects[store, default: []].insert(segment.objectKey) }
            return segment
        }
        expiring += decided
        // The commit was made, its answer lost.
        if fails(0.1) { return .databaseFailed(problem: "the database: away") }
        return .decided(decided)
    }
}
