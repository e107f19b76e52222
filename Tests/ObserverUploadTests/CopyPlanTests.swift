import Lifecycle
import ObserverCore
import SeededNumbers
import System
import TestSupport
import Testing

@testable import ObserverUpload

@Suite struct CopyPlanTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    private let all = segments(3)

    private func plan(_ wanted: DestinationSet = .home) -> CopyPlan {
        CopyPlan(wanted: wanted, interval: .seconds(60), seed: 1)
    }

    @Test func `nothing is copied while something waits in the spool`() {
        var plan = plan()
        let step = plan.next(isQuiet: false, now: start)
        #expect(step == .rest(until: start + .seconds(2)))
    }

    @Test func `what lies elsewhere is copied in the order of its rows, and then looked for again in a while`() {
        var plan = plan()
        var step = plan.next(isQuiet: true, now: start)
        #expect(step == .find(after: nil))
        let rows = all.map { CopyPlan.Row($0, in: .second) }
        plan.found(rows, now: start)
        for row in rows {
            step = plan.next(isQuiet: true, now: start)
            #expect(step == .copy(row, from: .second, to: .home))
            plan.finished(.copied, to: .home, now: start)
        }
        step = plan.next(isQuiet: true, now: start)
        #expect(step == .find(after: all[2].id))
        plan.found([], now: start)
        step = plan.next(isQuiet: true, now: start)
        #expect(step == .rest(until: start + .seconds(60)))
        step = plan.next(isQuiet: true, now: start + .seconds(60))
        #expect(step == .find(after: nil))
    }

    @Test func `each of the wanted ones gets its copy`() {
        var plan = plan([.home, .second])
        _ = plan.next(isQuiet: true, now: start)
        plan.found([CopyPlan.Row(all[0], in: .third)], now: start)
        var step = plan.next(isQuiet: true, now: start)
        #expect(step == .copy(CopyPlan.Row(all[0], in: .third), from: .third, to: .home))
        plan.finished(.copied, to: .home, now: start)
        step = plan.next(isQuiet: true, now: start)
        #expect(step == .copy(CopyPlan.Row(all[0], in: [.home, .third]), from: .home, to: .second))
    }

    @Test func `trouble is waited for, and the same segment is tried again`() {
        var plan = plan()
        _ = plan.next(isQuiet: true, now: start)
        plan.found([CopyPlan.Row(all[0], in: .second)], now: start)
        let step = plan.next(isQuiet: true, now: start)
        plan.finished(.trouble, to: .home, now: start)
        guard case .rest(let until) = plan.next(isQuiet: true, now: start) else {
            Issue.record("it goes on at once")
            return
        }
        #expect(until > start && until <= start + .seconds(2))
        let again = plan.next(isQuiet: true, now: until)
        #expect(again == step)
    }

    @Test func `one with other bytes holds up no other, and is left alone for hours`() {
        var plan = plan()
        let rows = all.map { CopyPlan.Row($0, in: .second) }
        _ = plan.next(isQuiet: true, now: start)
        plan.found(rows, now: start)
        _ = plan.next(isQuiet: true, now: start)
        plan.finished(.different, to: .home, now: start)
        var step = plan.next(isQuiet: true, now: start)
        #expect(step == .copy(rows[1], from: .second, to: .home))
        plan.found([], now: start)
        _ = plan.next(isQuiet: true, now: start + .seconds(60))
        plan.found([rows[0]], now: start + .seconds(60))
        step = plan.next(isQuiet: true, now: start + .seconds(60))
        #expect(step == .find(after: all[0].id))
    }

    /// Random outcomes, kills among them: in the end all is where it belongs.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `with everything working again all segments end where they belong`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 2...3, using: &random)
        let wanted = DestinationSet(Destination.allCases.prefix(Int.random(in: 1..<count, using: &random)))
        var rows: [SegmentID: CopyPlan.Row] = [:]
        for segment in segments(20) {
            let bits = Int16.random(in: 1..<(1 << Int16(count)), using: &random)
            rows[segment.id] = CopyPlan.Row(segment, in: DestinationSet(rawValue: bits))
        }
        var now = start
        var plan = CopyPlan(wanted: wanted, interval: .seconds(60), seed: seed)
        let calm = start + .seconds(600)
        while now < calm + .seconds(600) {
            let isCalm = now >= calm
            if !isCalm, Int.random(in: 0..<50, using: &random) == 0 {
                plan = CopyPlan(wanted: wanted, interval: .seconds(60), seed: seed)
            }
            now = now + .milliseconds(100)
            switch plan.next(isQuiet: isCalm || Int.random(in: 0..<3, using: &random) > 0, now: now) {
            case .rest(let until):
                #expect(until > now && until <= now + .seconds(90))
                now = min(until, now + .seconds(5))
            case .find(let last):
                let behind = rows.values.filter { row in
                    last.map { row.segment.id > $0 } ?? true && !row.destinations.isFirst
                        && !row.destinations.isSuperset(of: wanted)
                }
                let page = behind.sorted { $0.segment.id < $1.segment.id }.prefix(3)
                plan.found(isCalm || Int.random(in: 0..<5, using: &random) > 0 ? Array(page) : nil, now: now)
            case .copy(let row, let from, let to):
                let known = rows[row.segment.id]?.destinations ?? []
                #expect(known.contains(from) && wanted.contains(to))
                guard isCalm || Int.random(in: 0..<3, using: &random) > 0 else {
                    plan.finished(.trouble, to: to, now: now)
                    continue
                }
                rows[row.segment.id]?.destinations.insert(to)
                plan.finished(.copied, to: to, now: now)
            }
        }
        for row in rows.values where !row.destinations.isFirst {
            #expect(row.destinations.isSuperset(of: wanted), "\(row.destinations.members)")
        }
    }
}
