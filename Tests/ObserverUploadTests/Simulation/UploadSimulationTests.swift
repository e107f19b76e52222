import Glibc
import Testing

/// Random histories of a store, a database, a disk and a broker with all their faults.
@Suite struct UploadSimulationTests {
    /// The number of seeds: 1,000, or what `OBSERVER_TEST_SEEDS` asks for.
    static var seeds: UInt64 { getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000 }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `bytes go only when enough stores have them and a row or receipt says so, and all ends stored`(part: UInt64) {
        var failures = 0
        for seed in stride(from: part, to: Self.seeds, by: 4) where failures < 3 {
            var history = UploadHistory(seed: seed)
            let violations = history.run()
            guard let first = violations.first else { continue }
            failures += 1
            Issue.record("seed \(seed): \(first); \(violations.count) in all")
        }
    }
}
