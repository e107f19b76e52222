import SeededNumbers
import Testing

@testable import ObserverCore

/// Drawings of random and of hostile timelines: nothing vanishes, all sums stay, and the picture is small.
@Suite struct TimelineDrawingTests {
    private static let start: Int64 = 1_795_464_000_000
    private static let most = 29_000

    private static func sum(_ spans: [TimeSpan]) -> Int64 { spans.reduce(0) { $0 + $1.milliseconds } }

    /// A camera of `days` that does something else after each of random lengths.
    private static func facts(_ numbers: inout SeededGenerator, length: Int64, longest: Int64) -> TimelineFacts {
        var facts = TimelineFacts(
            span: TimeSpan(from: start - 1000, to: start + length + 1000),
            createdAt: Timestamp(milliseconds: start - 1000),
            isActive: true
        )
        var at = start
        while at < start + length {
            let end = at + Int64.random(in: 1...longest, using: &numbers)
            let span = TimeSpan(from: at, to: end)
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0...4: facts.recorded.append(span)
            case 5...7: facts.gaps.append(gap(span, Cause.allCases.randomElement(using: &numbers) ?? .dns))
            case 8: facts.switches += switches(span)
            default: if Bool.random(using: &numbers) { facts.lost.append(span) }
            }
            if Int.random(in: 0..<4, using: &numbers) == 0 { facts.waiting.append(span) }
            if Int.random(in: 0..<40, using: &numbers) == 0 { facts.held.append(span) }
            at = end
        }
        if Bool.random(using: &numbers) { facts.deletedBefore = Timestamp(milliseconds: start + length / 3) }
        return facts
    }

    private static func gap(_ span: TimeSpan, _ cause: Cause, detail: String? = "no answer") -> Gap {
        Gap(
            stream: StreamID(CameraID(rawValue: 1), .main),
            epoch: 1,
            startedAt: span.startedAt,
            endedAt: span.endedAt,
            cause: cause,
            detail: detail
        )
    }

    private static func switches(_ span: TimeSpan) -> [TimelineFacts.Switch] {
        [.init(at: span.startedAt, isActive: false), .init(at: span.endedAt, isActive: true)]
    }

    /// The bytes of an answer, by the rule that the drawing counts with.
    private func expectSound(_ drawn: CameraTimeline, of exact: CameraTimeline, _ comment: Comment) {
        #expect(drawn.sums == exact.sums, comment)
        let parts = drawn.covered + drawn.gaps.map(\.span) + drawn.unexplained
        #expect(Self.sum(parts) == Self.sum(drawn.wanted), comment)
        #expect(TimeSpanSet(parts).spans == drawn.wanted, "parts overlap, or lie outside: \(comment)")
        #expect(parts.allSatisfy { !$0.isEmpty && $0.clamped(to: exact.span) == $0 }, comment)
        let covered = TimeSpanSet(drawn.covered)
        #expect(TimeSpanSet(drawn.waiting + drawn.held).subtracting(covered).isEmpty, comment)
        #expect(TimeSpanSet(drawn.lost).intersection(covered).isEmpty, comment)
        #expect(Set(drawn.gaps.map(\.cause)) == Set(exact.gaps.map(\.cause)), "a cause vanished: \(comment)")
        #expect(drawn.gaps.last?.lasts == exact.gaps.last?.lasts, comment)
    }

    @Test(arguments: 0..<120) func `a drawing has all of each kind, and little of anything else`(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        let lengths: [Int64] = [20_000, 3_600_000, 86_400_000, 31 * 86_400_000]
        let length = lengths.randomElement(using: &numbers) ?? 1000
        let longest = max(length / Int64.random(in: 2...3000, using: &numbers), 2)
        let facts = Self.facts(&numbers, length: length, longest: longest)
        let span = TimeSpan(from: Self.start, to: Self.start + length)
        let exact = CameraTimeline(facts, of: span, now: span.end + 100_000, latest: 1000)
        let resolution = Bool.random(using: &numbers) ? 0 : Int64.random(in: 1...(length / 10), using: &numbers)
        let drawn = exact.drawn(resolution: resolution, within: Self.most)
        expectSound(drawn, of: exact, "seed \(seed)")
        #expect(drawn.size <= Self.most, "seed \(seed)")
        #expect(drawn.resolution >= (resolution > 0 ? resolution : 0))
        // In each cell there is as much of each kind as there was.
        guard drawn.resolution > 0 else { return }
        let size = drawn.resolution
        let cells = stride(from: Self.start - Self.start % size, to: span.end, by: Int64.Stride(size)).prefix(60)
        for from in cells {
            let cell = TimeSpan(from: from, to: from + size)
            for part in [\CameraTimeline.covered, \.unexplained, \.waiting, \.lost] {
                let (before, after) = (exact[keyPath: part], drawn[keyPath: part])
                #expect(Self.sum(cut(before, cell)) == Self.sum(cut(after, cell)), "seed \(seed)")
            }
        }
    }

    private func cut(_ spans: [TimeSpan], _ cell: TimeSpan) -> [TimeSpan] {
        spans.map { $0.clamped(to: cell) }.filter { !$0.isEmpty }
    }

    @Test func `a month in which the camera fails every minute is small, and still tells every cause`() {
        var facts = TimelineFacts(
            span: TimeSpan(from: Self.start, to: Self.start + 31 * 86_400_000),
            createdAt: Timestamp(milliseconds: Self.start),
            isActive: true
        )
        let long = String(repeating: "the camera said \"no\" \u{1} ", count: 40)
        for minute in 0..<Int64(31 * 1440) {
            let from = Self.start + minute * 60_000
            facts.recorded.append(TimeSpan(from: from, to: from + 50_000))
            let cause = Cause.allCases[Int(minute) % Cause.allCases.count]
            facts.gaps.append(Self.gap(TimeSpan(from: from + 50_000, to: from + 60_000), cause, detail: long))
        }
        let exact = CameraTimeline(facts, of: facts.span, now: facts.span.end, latest: 1000)
        let drawn = exact.drawn(within: Self.most)
        expectSound(drawn, of: exact, "every minute")
        #expect(drawn.size <= Self.most && exact.size > 1_000_000)
        #expect(drawn.gaps.contains { $0.detail?.contains("gaps, drawn as one") == true })
    }

    @Test func `what fits is drawn as it was, and one short gap in a month stays where it was`() {
        let span = TimeSpan(from: Self.start, to: Self.start + 31 * 86_400_000)
        var facts = TimelineFacts(span: span, createdAt: Timestamp(milliseconds: Self.start), isActive: true)
        let hole = TimeSpan(from: Self.start + 1_000_000, to: Self.start + 1_002_000)
        facts.recorded = [TimeSpan(from: span.start, to: hole.start), TimeSpan(from: hole.end, to: span.end)]
        facts.gaps = [Self.gap(hole, .stalled)]
        let exact = CameraTimeline(facts, of: span, now: span.end, latest: 1000)
        #expect(exact.drawn(within: Self.most) == exact)
        let coarse = exact.drawn(resolution: 3_600_000, within: Self.most)
        #expect(coarse.gaps == exact.gaps && coarse.covered == exact.covered && coarse.resolution == 3_600_000)
    }
}
