import Glibc
import ObserverCore
import ObserverRetention
import ObserverStore
import SeededNumbers
import System
import Testing

@Suite struct RetentionScheduleTests {
    private static let seeds = getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000

    @Test func `whatever fails, what was decided is deleted, and nothing is decided meanwhile`() {
        for seed in 1...Self.seeds {
            var world = RetentionSimulator(seed: seed)
            world.run(steps: 150)
            #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
            // What one of several stores did not delete waits for the second round of leftovers at most.
            for _ in 0..<2 {
                world.heal()
                world.run(steps: 150)
            }
            #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
            #expect(world.expiring.isEmpty && world.due == 0, "seed \(seed)")
            #expect(world.schedule.problem == nil && world.unprotected == 0, "seed \(seed)")
            #expect(world.objectCount == 0, "seed \(seed)")
        }
    }

    private let start = MonotonicInstant.now()
    private let lease = RetentionStatusStore.Lease(wantsPlan: false)
    private let segment = ExpiringSegment(id: .makeRandom(), objectKey: "a")

    private static let state = RetentionBucketState(versions: .none)
    private let usable = RetentionSchedule.Event.checked([.home: .usable(state)])
    private let terms = StoreTerms([.home: .usable(state)])

    /// A schedule with the lease, a good bucket and nothing left over.
    private func ready() -> RetentionSchedule {
        var schedule = RetentionSchedule(now: start)
        for event in [.leased(lease), usable, .rescued, .found([]), .planned] as [RetentionSchedule.Event] {
            schedule.take(event, now: start)
        }
        return schedule
    }

    @Test func `without the lease nothing is done but to ask for it again`() {
        var schedule = RetentionSchedule(now: start)
        #expect(schedule.next(now: start) == .lease)
        schedule.take(.leased(nil), now: start)
        guard case .rest(let end) = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        #expect(schedule.next(now: end) == .lease)
    }

    @Test func `a bucket that keeps versions stops it, until it does not`() {
        var schedule = RetentionSchedule(now: start)
        schedule.take(.leased(lease), now: start)
        #expect(schedule.next(now: start) == .check(markers: []))
        schedule.take(.checked([.home: .unusable("versions")]), now: start)
        #expect(schedule.problem == "versions")
        guard case .rest = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        let later = start + .seconds(400)
        schedule.take(.leased(lease), now: later)
        #expect(schedule.next(now: later) == .check(markers: []))
        schedule.take(usable, now: later)
        #expect(schedule.problem == nil && schedule.next(now: later) == .rescue)
    }

    @Test func `what was decided is deleted before anything else is decided`() {
        var schedule = ready()
        #expect(schedule.next(now: start) == .decide(limit: 1000))
        schedule.take(.decided([segment]), now: start)
        #expect(schedule.next(now: start) == .delete([segment], terms))
        schedule.take(.notDeleted(isThrottled: true, problem: "the store: away"), now: start)
        guard case .rest(let end) = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        #expect(end <= start + .seconds(1))
        #expect(schedule.next(now: start + .seconds(2)) == .delete([segment], terms))
        schedule.take(.deleted(count: 1), now: start + .seconds(2))
        #expect(schedule.problem == nil)
        #expect(schedule.next(now: start + .seconds(2)) == .decide(limit: 550))
    }

    @Test func `a plan that somebody asks for is made with the next renewal of the lease`() {
        var schedule = ready()
        schedule.take(.decided(nil), now: start)
        guard case .rest = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        schedule.take(.leased(.init(wantsPlan: true)), now: start + .seconds(15))
        #expect(schedule.next(now: start + .seconds(15)) == .plan)
    }

    @Test func `after the lease was away, only the database tells what is left`() {
        var schedule = ready()
        schedule.take(.decided([segment]), now: start)
        schedule.take(.leased(nil), now: start)
        schedule.take(.leased(lease), now: start)
        #expect(schedule.next(now: start) == .check(markers: []))
        schedule.take(usable, now: start)
        #expect(schedule.next(now: start) == .rescue)
        schedule.take(.rescued, now: start)
        #expect(schedule.next(now: start) == .find(after: nil))
    }

    @Test func `a marker of a deletion makes it ask again, and delete all versions from then on`() {
        var schedule = ready()
        schedule.take(.decided([segment]), now: start)
        schedule.take(.foundMarkers(.home), now: start)
        #expect(schedule.next(now: start) == .check(markers: .home))
        let deleting = BucketTerms.Verdict.usable(RetentionBucketState(versions: .deleted))
        schedule.take(.checked([.home: deleting]), now: start)
        let terms = StoreTerms([.home: deleting])
        #expect(terms.ofAllVersions == .home && schedule.next(now: start) == .delete([segment], terms))
    }

    @Test func `the bucket is asked again each hour`() {
        var schedule = ready()
        let later = start + .seconds(3600)
        schedule.take(.leased(lease), now: later)
        #expect(schedule.next(now: later) == .check(markers: []))
    }

    @Test func `holds and deletions take turns, and neither keeps the other waiting`() {
        var schedule = ready()
        let locking = RetentionBucketState(versions: .deleted, hasObjectLock: true)
        schedule.take(.checked([.home: .usable(locking)]), now: start)
        let terms = StoreTerms([.home: .usable(locking)])
        schedule.take(.decided([segment, segment]), now: start)
        #expect(schedule.next(now: start) == .protect(terms))
        schedule.take(.protected(hasMore: true), now: start)
        guard case .delete = schedule.next(now: start) else {
            Issue.record("it does not delete")
            return
        }
        schedule.take(.deleted(count: 1), now: start)
        #expect(schedule.next(now: start) == .protect(terms))
        schedule.take(.protected(hasMore: false), now: start)
        schedule.take(.deleted(count: 1), now: start)
        #expect(schedule.next(now: start) == .decide(limit: 1000))
    }

    @Test func `a rule that was changed is planned before anything is decided`() {
        var schedule = ready()
        schedule.take(.planWanted, now: start)
        #expect(schedule.next(now: start) == .plan)
    }

    // MARK: Several stores

    private let second = ExpiringSegment(id: .makeRandom(), objectKey: "b", destinations: .second)

    @Test func `a store that is away keeps nothing in the others, is told, and is asked again soon`() {
        var schedule = ready()
        let both: [Destination: BucketTerms.Verdict] = [.home: .usable(Self.state), .second: .usable(Self.state)]
        schedule.take(.checked(both), now: start)
        schedule.take(.decided([second, segment]), now: start)
        #expect(schedule.next(now: start) == .delete([second, segment], StoreTerms(both)))
        schedule.take(.hindered(count: 2, [.second: "the second store: away"]), now: start)
        #expect(schedule.problem == "in part: what lies in the second store remains: the second store: away")
        schedule.take(.decided([segment]), now: start)
        guard case .delete(_, let terms) = schedule.next(now: start) else {
            Issue.record("it does not go on")
            return
        }
        #expect(terms.usable == .home && terms.troubled == .second)
        schedule.take(.deleted(count: 1), now: start)
        #expect(schedule.problem != nil, "what works elsewhere does not end it")
        let later = start + .seconds(300)
        schedule.take(.leased(lease), now: later)
        #expect(schedule.next(now: later) == .check(markers: []))
        schedule.take(.checked(both), now: later)
        #expect(schedule.problem == nil)
    }

    @Test func `only when no store can be used nothing is done`() {
        var schedule = RetentionSchedule(now: start)
        schedule.take(.leased(lease), now: start)
        schedule.take(.checked([.home: .unusable("away"), .second: .usable(Self.state)]), now: start)
        #expect(schedule.problem?.hasPrefix("in part: what lies in the store remains") == true)
        #expect(schedule.next(now: start) == .rescue)
        schedule.take(.checked([.home: .unusable("away"), .second: .unusable("gone")]), now: start)
        #expect(schedule.problem == "away")
        guard case .rest = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
    }
}
