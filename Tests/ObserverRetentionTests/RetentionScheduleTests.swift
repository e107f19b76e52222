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
            world.heal()
            world.run(steps: 150)
            #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
            #expect(world.expiring.isEmpty && world.due == 0, "seed \(seed)")
            #expect(world.schedule.problem == nil && world.unprotected == 0, "seed \(seed)")
        }
    }

    private let start = MonotonicInstant.now()
    private let lease = RetentionStatusStore.Lease(wantsPlan: false)
    private let segment = ExpiringSegment(id: .makeRandom(), objectKey: "a")

    private let usable = RetentionSchedule.Event.checked(.usable(RetentionBucketState(versions: .none)))

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
        #expect(schedule.next(now: start) == .check(hasMarkers: false))
        schedule.take(.checked(.unusable("versions")), now: start)
        #expect(schedule.problem == "versions")
        guard case .rest = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        let later = start + .seconds(400)
        schedule.take(.leased(lease), now: later)
        #expect(schedule.next(now: later) == .check(hasMarkers: false))
        schedule.take(usable, now: later)
        #expect(schedule.problem == nil && schedule.next(now: later) == .rescue)
    }

    @Test func `what was decided is deleted before anything else is decided`() {
        var schedule = ready()
        #expect(schedule.next(now: start) == .decide(limit: 1000))
        schedule.take(.decided([segment]), now: start)
        #expect(schedule.next(now: start) == .delete([segment], isOfAllVersions: false))
        schedule.take(.notDeleted(isThrottled: true, problem: "the store: away"), now: start)
        guard case .rest(let end) = schedule.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        #expect(end <= start + .seconds(1))
        #expect(schedule.next(now: start + .seconds(2)) == .delete([segment], isOfAllVersions: false))
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
        #expect(schedule.next(now: start) == .check(hasMarkers: false))
        schedule.take(usable, now: start)
        #expect(schedule.next(now: start) == .rescue)
        schedule.take(.rescued, now: start)
        #expect(schedule.next(now: start) == .find(after: nil))
    }

    @Test func `a marker of a deletion makes it ask again, and delete all versions from then on`() {
        var schedule = ready()
        schedule.take(.decided([segment]), now: start)
        schedule.take(.foundMarkers, now: start)
        #expect(schedule.next(now: start) == .check(hasMarkers: true))
        schedule.take(.checked(.usable(RetentionBucketState(versions: .deleted))), now: start)
        #expect(schedule.next(now: start) == .delete([segment], isOfAllVersions: true))
    }

    @Test func `the bucket is asked again each hour`() {
        var schedule = ready()
        let later = start + .seconds(3600)
        schedule.take(.leased(lease), now: later)
        #expect(schedule.next(now: later) == .check(hasMarkers: false))
    }

    @Test func `holds and deletions take turns, and neither keeps the other waiting`() {
        var schedule = ready()
        let locking = RetentionBucketState(versions: .deleted, hasObjectLock: true)
        schedule.take(.checked(.usable(locking)), now: start)
        schedule.take(.decided([segment, segment]), now: start)
        #expect(schedule.next(now: start) == .protect)
        schedule.take(.protected(hasMore: true), now: start)
        guard case .delete = schedule.next(now: start) else {
            Issue.record("it does not delete")
            return
        }
        schedule.take(.deleted(count: 1), now: start)
        #expect(schedule.next(now: start) == .protect)
        schedule.take(.protected(hasMore: false), now: start)
        schedule.take(.deleted(count: 1), now: start)
        #expect(schedule.next(now: start) == .decide(limit: 1000))
    }

    @Test func `a rule that was changed is planned before anything is decided`() {
        var schedule = ready()
        schedule.take(.planWanted, now: start)
        #expect(schedule.next(now: start) == .plan)
    }
}
