import HTTPClient
import ObserverCore
import SeededNumbers
import System
import Testing

@testable import ObserverUpload

@Suite struct RateBudgetTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    /// Takes all that is to be had for ten seconds; returns bytes by class.
    private func drain(
        _ budget: inout RateBudget,
        _ classes: [HTTPClientPriority],
        from start: MonotonicInstant
    ) -> [HTTPClientPriority: Int] {
        var sums: [HTTPClientPriority: Int] = [:]
        for step in 1...10_000 {
            let now = start + .milliseconds(step)
            for priority in classes {
                while case let count = budget.take(upTo: 1 << 20, for: priority, now: now), count > 0 {
                    sums[priority, default: 0] += count
                }
            }
        }
        return sums
    }

    @Test func `without a limit all is granted`() {
        var budget = RateBudget()
        #expect(budget.take(upTo: 1 << 30, for: .low, now: start) == 1 << 30)
        #expect(budget.nextTurn(of: .low, now: start) == start)
    }

    @Test(arguments: HTTPClientPriority.allCases)
    func `one class alone has the whole rate`(priority: HTTPClientPriority) {
        var budget = RateBudget(bytesPerSecond: 1_000_000)
        _ = budget.take(upTo: 1, for: priority, now: start)
        let sums = drain(&budget, [priority], from: start)
        #expect((9_700_000...10_300_000).contains(sums[priority] ?? 0))
    }

    @Test func `the newest have four fifths while others wait as well`() {
        var budget = RateBudget(bytesPerSecond: 1_000_000)
        _ = budget.take(upTo: 1, for: .high, now: start)
        let sums = drain(&budget, [.low, .high], from: start)
        let (high, low) = (sums[.high] ?? 0, sums[.low] ?? 0)
        #expect((7_800_000...8_250_000).contains(high) && (1_900_000...2_100_000).contains(low))
    }

    @Test func `a change holds at once, and nothing that was saved is sent then`() {
        var budget = RateBudget(bytesPerSecond: 100_000_000)
        _ = budget.take(upTo: 1, for: .high, now: start)
        let later = start + .seconds(60)
        budget.set(bytesPerSecond: 100_000, now: later)
        let sums = drain(&budget, [.high, .low], from: later)
        #expect((sums[.high] ?? 0) + (sums[.low] ?? 0) <= 1_000_000 + 25_000 + 4096)
    }

    @Test func `in no interval more is sent than the rate and a burst`() {
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let rate = Int.random(in: 8000...50_000_000, using: &random)
            var budget = RateBudget(bytesPerSecond: rate)
            var now = start
            var history: [(at: MonotonicInstant, bytes: Int)] = []
            for _ in 0..<300 {
                now = now + .microseconds(Int64.random(in: 0...400_000, using: &random))
                let priority = HTTPClientPriority.allCases.randomElement(using: &random) ?? .high
                let most = Int.random(in: 1...600_000, using: &random)
                history.append((now, budget.take(upTo: most, for: priority, now: now)))
            }
            for begin in stride(from: 0, to: history.count, by: 17) {
                var sum = 0
                for entry in history[begin...] {
                    sum += entry.bytes
                    let passed = (entry.at - history[begin].at) / .seconds(1)
                    #expect(Double(sum) <= Double(rate) * (passed + 0.25) + 2 * 4096 + 1)
                }
            }
        }
    }

    @Test func `a body goes on when it was told to, or is told again`() {
        var budget = RateBudget(bytesPerSecond: 8000)
        var now = start
        var (sent, turns) = (0, 0)
        while now < start + .seconds(60) {
            let count = budget.take(upTo: 100_000, for: .low, now: now)
            sent += count
            turns += 1
            if count == 0 { now = budget.nextTurn(of: .low, now: now) }
        }
        #expect((470_000...490_000).contains(sent))
        #expect(turns < 1000)
    }

    @Test func `the pace follows the week of the site`() throws {
        let rate = try UploadRate(parsing: "Mon-Fri 08:00-18:00 80 kbit/s; else 8 Mbit/s")
        // A Monday, 17:59:50 in UTC.
        let monday = Timestamp(milliseconds: 1_773_683_990_000)
        let clock = Lock(monday)
        let pacer = UploadPacer(rate, zone: .utc) { clock.withLock { $0 } }
        var now = start
        func send(for seconds: Int) -> Int {
            var sum = 0
            for _ in 0..<(seconds * 100) {
                now = now + .milliseconds(10)
                clock.withLock { $0 = $0.advanced(byMilliseconds: 10) }
                while case let count = pacer.take(upTo: 65_536, for: .high, now: now), count > 0 { sum += count }
            }
            return sum
        }
        #expect(send(for: 10) <= 110_000)
        _ = send(for: 2)
        #expect((9_800_000...10_300_000).contains(send(for: 10)))
    }
}
