import Glibc
import ObserverCore
import Testing

@Suite struct RetentionPlanTests {
    private static let seeds = getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000
    private let now = RetentionWorld.now

    @Test func `neither what waits, nor what is held, nor the last hour is ever deleted`() {
        for seed in 1...Self.seeds {
            var world = RetentionWorld(seed: seed)
            let plan = RetentionPlan(world.facts, at: now)
            for (candidate, _) in world.carryOut(plan) {
                #expect(candidate.state == .stored && !world.isHeld(candidate), "seed \(seed)")
                let isDiscarded = world.camera(candidate.stream.camera)?.isDiscarded == true
                let latest = now.startOfHour.advanced(bySeconds: -3600)
                #expect(isDiscarded || world.age(candidate) <= latest, "seed \(seed)")
            }
        }
    }

    @Test func `a plan announces exactly what goes, and leaves nothing for the next`() {
        for seed in 1...Self.seeds {
            var world = RetentionWorld(seed: seed)
            let plan = RetentionPlan(world.facts, at: now)
            let gone = world.carryOut(plan)
            for deletion in plan.deletions {
                let ours = gone.filter { $0.candidate.stream == deletion.stream }
                let sum = RetentionSum(segments: Int64(ours.count), bytes: ours.map(\.bytes).reduce(0, +))
                #expect(sum == deletion.due, "seed \(seed), \(deletion.stream)")
            }
            let next = RetentionPlan(world.facts, at: now)
            #expect(next.deletions.isEmpty && next.excesses == plan.excesses, "seed \(seed)")
        }
    }

    @Test func `what is older than its longest days is gone, and nothing younger than its shortest`() throws {
        for seed in 1...Self.seeds {
            var world = RetentionWorld(seed: seed)
            let plan = RetentionPlan(world.facts, at: now)
            let gone = world.carryOut(plan)
            for (candidate, _) in world.segments where world.isFree(candidate) {
                let camera = try #require(world.camera(candidate.stream.camera))
                let days = RetentionDays(of: camera, world.policies)
                #expect(!camera.isDiscarded, "seed \(seed)")
                let horizon = RetentionPlan.horizon(longestDays: days.longest, at: now)
                #expect(world.age(candidate) > horizon, "seed \(seed)")
            }
            for (candidate, _) in gone {
                let camera = try #require(world.camera(candidate.stream.camera))
                let shortest = RetentionDays(of: camera, world.policies).shortest
                let horizon = RetentionPlan.horizon(longestDays: shortest, at: now)
                #expect(camera.isDiscarded || world.age(candidate) <= horizon, "seed \(seed)")
            }
        }
    }

    @Test func `a size is kept to, or nothing is left that may go for it`() {
        for seed in 1...Self.seeds {
            var world = RetentionWorld(seed: seed)
            let plan = RetentionPlan(world.facts, at: now)
            _ = world.carryOut(plan)
            let newest = world.newest
            for policy in world.policies {
                guard let most = policy.limits.mostBytes else { continue }
                let rest = world.segments.filter { segment in
                    world.camera(segment.candidate.stream.camera).map { policy.scope.includes($0) } ?? false
                }
                let bytes = rest.map(\.bytes).reduce(0, +)
                let excess = plan.excesses.first { $0.scope == policy.scope }?.bytes
                #expect(excess == (bytes > most ? bytes - most : nil), "seed \(seed)")
                guard bytes > most else { continue }
                #expect(!rest.contains { isDispensable($0.candidate, in: world, newest: newest) }, "seed \(seed)")
            }
        }
    }

    /// Returns true for what may be deleted to save room.
    private func isDispensable(
        _ candidate: RetentionDeletion.Candidate,
        in world: RetentionWorld,
        newest: [StreamID: Timestamp]
    ) -> Bool {
        guard world.isFree(candidate), let camera = world.camera(candidate.stream.camera) else { return false }
        let shortest = RetentionDays(of: camera, world.policies).shortest
        let age = world.age(candidate)
        return age <= now.startOfHour.advanced(bySeconds: -3600) && newest[candidate.stream].map { age < $0 } ?? false
            && age <= RetentionPlan.horizon(longestDays: shortest, at: now)
    }

    @Test func `to save room the oldest go first, and no more than needed`() throws {
        for seed in 1...Self.seeds {
            var world = RetentionWorld(seed: seed)
            let most = Int64(seed) * 100_000
            world.policies = [RetentionPolicy(.all, .init(mostBytes: most))]
            for index in world.cameras.indices {
                world.cameras[index].days = 3650
                world.cameras[index].isDiscarded = false
            }
            let plan = RetentionPlan(world.facts, at: now)
            let gone = world.carryOut(plan)
            guard let last = gone.map({ world.age($0.candidate) }).max() else { continue }
            #expect(plan.deletions.allSatisfy { $0.reason == .size })
            let newest = world.newest
            let older = world.segments.filter { world.age($0.candidate) < last }
            #expect(!older.contains { isDispensable($0.candidate, in: world, newest: newest) }, "seed \(seed)")
            // Without the youngest hours that went, the limit was still exceeded.
            let youngest = gone.filter { world.age($0.candidate) == last }.map(\.bytes).reduce(0, +)
            #expect(world.segments.map(\.bytes).reduce(0, +) + youngest > most, "seed \(seed)")
        }
    }

    @Test func `a clock that is years behind deletes nothing of today`() {
        let stream = StreamID(CameraID(rawValue: 7), .main)
        let old = Timestamp(milliseconds: 946_684_800_000)
        let hour = RetentionHour(
            of: stream,
            hour: old,
            sum: RetentionSum(segments: 360, bytes: 1 << 30),
            enteredAt: now.advanced(bySeconds: -86_400)
        )
        let facts = RetentionPlan.Facts(
            policies: [],
            cameras: [RetentionCamera(stream.camera, days: 2)],
            totals: [stream: hour.sum],
            hours: [hour]
        )
        #expect(RetentionPlan(facts, at: now).deletions.isEmpty)
        #expect(RetentionPlan(facts, at: now.advanced(bySeconds: 3 * 86_400)).deletions.count == 1)
    }

    @Test func `numbers at the ends of their type stop nothing`() {
        let stream = StreamID(CameraID(rawValue: .max), .sub)
        let times = [Timestamp(microseconds: .min), Timestamp(microseconds: .max), now]
        for time in times {
            for hour in times {
                let row = RetentionHour(
                    of: stream,
                    hour: hour,
                    sum: RetentionSum(segments: .max, bytes: .max),
                    kept: RetentionSum(segments: .min, bytes: .min),
                    enteredAt: time
                )
                let facts = RetentionPlan.Facts(
                    policies: [RetentionPolicy(.all, .init(longestDays: .max, shortestDays: .min, mostBytes: .min))],
                    cameras: [RetentionCamera(stream.camera, days: .max)],
                    totals: [stream: row.sum],
                    hours: [row, row]
                )
                #expect(RetentionPlan(facts, at: time).deletions.count <= 1)
            }
        }
    }
}
