import Glibc
import Testing

@testable import ObserverCapture

@Suite struct LeaseSimulationTests {
    /// The number of seeds: 1,000, or what `OBSERVER_TEST_SEEDS` asks for.
    static var seeds: UInt64 { getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000 }

    @Test(arguments: 0..<UInt64(4))
    func `no fault leaves a camera without a recorder for 20 s or with two for longer than a lease`(part: UInt64) {
        var failures = 0
        for seed in stride(from: part, to: Self.seeds, by: 4) where failures < 3 {
            var world = LeaseSimulator(seed: seed)
            world.run()
            if world.problems.isEmpty { continue }
            failures += 1
            Issue.record("seed \(seed): \(world.problems.prefix(3)); \(world.log.suffix(40))")
        }
    }
}
