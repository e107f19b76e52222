import Glibc
import ObserverCore
import ObserverRetention
import ObserverStore
import SeededNumbers
import System
import Testing

@Suite struct CatalogueScheduleTests {
    private static let seeds = getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000

    @Test func `whatever fails, nothing is written from a database that is behind, and all is written in the end`() {
        for seed in 1...Self.seeds {
            var world = CatalogueSimulator(seed: seed)
            world.run(steps: 200)
            #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
            world.heal()
            world.run(steps: 200)
            #expect(world.problems.isEmpty, "seed \(seed): \(world.problems.prefix(3))")
            #expect(world.changes.isEmpty && world.lacking == 0, "seed \(seed)")
            #expect(world.schedule.problem == nil && world.isHealthy, "seed \(seed)")
        }
    }

    private let start = MonotonicInstant.now()

    private func schedule(_ events: CatalogueSchedule.Event...) -> CatalogueSchedule {
        var schedule = CatalogueSchedule(now: start)
        for event in events { schedule.take(event, now: start) }
        return schedule
    }

    @Test func `heads are compared before anything else, also without the lease`() {
        #expect(schedule().next(now: start) == .compare)
        #expect(schedule(.compared(.current)).next(now: start) == .lease)
        guard case .rest = schedule(.compared(.current), .leased(false)).next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        #expect(schedule(.compared(.current), .leased(true)).next(now: start) == .advance)
    }

    @Test func `a database that is behind is healed and compared again, and one that is foreign is left alone`() {
        var behind = schedule(.compared(.behind), .leased(true))
        #expect(behind.next(now: start) == .heal)
        behind.take(.healed, now: start)
        #expect(behind.next(now: start) == .compare)
        let foreign = schedule(.compared(.foreign), .leased(true))
        guard case .rest = foreign.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        #expect(foreign.problem?.contains("rebuild") == true)
    }

    @Test func `a suspicion is looked into at once`() {
        var good = schedule(.compared(.current), .leased(true), .advanced, .found([]), .wroteCameras)
        guard case .rest = good.next(now: start) else {
            Issue.record("it does not rest")
            return
        }
        good.take(.suspected, now: start)
        #expect(good.next(now: start) == .compare)
    }

    @Test func `a gate that admitted a number closes for a lower one`() {
        let gate = CatalogueGate()
        #expect(gate.reason != nil && !gate.admits(number: 7))
        gate.open(number: 5)
        #expect(gate.admits(number: 5) && gate.admits(number: 6))
        #expect(!gate.admits(number: 4) && gate.reason != nil && !gate.admits(number: 6))
        #expect(gate.waitForSuspicion(until: .now()))
        gate.open(number: nil)
        #expect(gate.admits(number: 0) && CatalogueGate.alwaysOpen().admits(number: 0))
    }
}
