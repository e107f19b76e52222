import Glibc
import ObserverCore
import Testing

@Suite struct CoverageSimulationTests {
    /// The number of seeds: 1,000, or what `OBSERVER_TEST_SEEDS` asks for.
    static var seeds: UInt64 { getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000 }

    @Test func `whatever fails, each wanted moment is recorded or lies in a gap with a right cause`() {
        var failures = 0
        for seed in 0..<Self.seeds where failures < 3 {
            let problems = Self.problems(seed: seed)
            if !problems.isEmpty {
                failures += 1
                Issue.record("seed \(seed): \(problems.prefix(6).joined(separator: "; "))")
            }
        }
    }

    /// The violations of one run.
    static func problems(seed: UInt64) -> [String] {
        var world = CoverageSimulator(seed: seed)
        world.run(seconds: 240)
        let truth = world.judged()
        var problems: [String] = world.database.hadTwoOpen ? ["two gaps were open at once"] : []
        if !world.isAtRest { problems.append("something is not settled") }
        var causes = [Cause?](repeating: nil, count: truth.count)
        for row in world.database.rows {
            let from = CoverageSimulator.time(row.startedAt)
            let to = row.endedAt.map(CoverageSimulator.time) ?? world.now
            if from < 0 || to > world.now { problems.append("\(row) lies outside of the run") }
            for index in Int((max(from, 0) + 50_000) / 100_000)..<Int(max(min(to, world.now), from, 0) + 50_000)
                / 100_000
            {
                guard causes.indices.contains(index) else { continue }
                if causes[index] != nil { problems.append("two gaps at \(index)") }
                causes[index] = row.cause
            }
        }
        func run(_ name: String, allowed: Int = 2, _ isWrong: (Int) -> Bool) {
            var length = 0
            for index in 0...truth.count {
                if index < truth.count, isWrong(index) {
                    length += 1
                } else {
                    if length > allowed {
                        problems.append("\(name) \(Double(index - length) / 10)–\(Double(index) / 10) s")
                    }
                    length = 0
                }
            }
        }
        // The last seconds of a recording are on their way.
        let end = truth.count - 60
        run("unexplained") { $0 < end && truth[$0].isWanted && !truth[$0].isCovered && causes[$0] == nil }
        run("gap over footage") { truth[$0].isCovered && causes[$0] != nil }
        run("gap while off") { !truth[$0].isWanted && causes[$0] != nil }
        run("wrong cause", allowed: 0) { index in
            guard index % 10 == 0, let cause = causes[index] else { return false }
            return !truth[max(0, index - 400)..<min(truth.count, index + 200)].contains { $0.causes.contains(cause) }
        }
        return problems
    }
}
