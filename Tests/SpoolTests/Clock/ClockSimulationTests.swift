import Glibc
import ObserverCore
import Testing

@Suite struct ClockSimulationTests {
    /// The number of seeds: 1,000, or what `OBSERVER_TEST_SEEDS` asks for.
    static var seeds: UInt64 { getenv("OBSERVER_TEST_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 1000 }

    @Test(arguments: [false, true])
    func `however the clock is set, what is recorded lies at its time, and no gap lies over it`(isShared: Bool) {
        var failures = 0
        for seed in 0..<Self.seeds where failures < 3 {
            let problems = Self.problems(seed: seed, isShared: isShared)
            if !problems.isEmpty {
                failures += 1
                Issue.record("seed \(seed), shared \(isShared): \(problems.prefix(6).joined(separator: "; "))")
            }
        }
    }

    /// The violations of one run.
    static func problems(seed: UInt64, isShared: Bool) -> [String] {
        var world = ClockSimulator(seed: seed, isShared: isShared)
        world.run()
        var problems: [String] = []
        if world.clock?.isCertain != true { problems.append("the time is not certain at the end") }
        for row in world.rows {
            let off = row.header.startedAt.milliseconds - ClockSimulator.truth(row.stretch.from).milliseconds
            let begun = row.stretch.from / 1_000_000
            if off.magnitude > 200 { problems.append("a segment of \(begun) s is off by \(off) ms") }
            if let problem = row.header.problem { problems.append(problem) }
        }
        let announced = TimeSpanSet(world.rows.map { span($0.stretch) })
        let footage = TimeSpanSet(world.footage.map(span))
        if announced != footage { problems.append("not all is announced") }
        let end = ClockSimulator.truth(world.now).milliseconds
        let gaps = TimeSpanSet(
            world.gaps.map { gap in
                TimeSpan(from: gap.startedAt.milliseconds, to: gap.endedAt?.milliseconds ?? end)
            }
        )
        for gap in world.gaps where gap.startedAt.milliseconds > end || (gap.endedAt?.milliseconds ?? end) > end + 200 {
            problems.append("\(gap) lies in the future")
        }
        func run(_ name: String, _ spans: TimeSpanSet) {
            for span in spans.spans where span.milliseconds > 200 {
                problems.append("\(name) \(seconds(span.start))–\(seconds(span.end)) s")
            }
        }
        let wanted = TimeSpan(from: ClockSimulator.truth(-5_000_000).milliseconds, to: end)
        run("gap over footage", gaps.intersection(footage))
        let accounted = TimeSpan(from: ClockSimulator.truth(world.accountedFrom).milliseconds, to: end)
        run("unexplained", TimeSpanSet([accounted]).subtracting(footage).subtracting(gaps))
        run("gap while not wanted", gaps.subtracting(TimeSpanSet([wanted])))
        return problems
    }

    private static func span(_ stretch: Stretch) -> TimeSpan {
        TimeSpan(from: ClockSimulator.truth(stretch.from), to: ClockSimulator.truth(stretch.to))
    }

    private static func seconds(_ milliseconds: Int64) -> Double {
        Double(milliseconds - ClockSimulator.base / 1000) / 1000
    }
}
