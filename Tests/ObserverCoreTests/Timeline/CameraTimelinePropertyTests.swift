import SeededNumbers
import Testing

@testable import ObserverCore

/// Random rows, and what must hold of every timeline of them.
@Suite struct CameraTimelinePropertyTests {
    private static let length: Int64 = 20_000

    private static func facts(_ numbers: inout SeededGenerator) -> TimelineFacts {
        func moment(_ most: Int64 = length) -> Int64 { Int64.random(in: 0...most, using: &numbers) }
        func span(_ longest: Int64) -> TimeSpan {
            let start = moment()
            return TimeSpan(from: start, to: start + moment(longest))
        }
        let recorded = (0..<Int.random(in: 0...12, using: &numbers)).map { _ in span(3000) }
        let gaps = (0..<Int.random(in: 0...6, using: &numbers)).map { _ in
            let span = span(4000)
            let lasts = Int.random(in: 0..<6, using: &numbers) == 0
            return Gap(
                stream: StreamID(CameraID(rawValue: 1), .main),
                epoch: 1,
                startedAt: Timestamp(milliseconds: span.start),
                endedAt: lasts ? nil : Timestamp(milliseconds: span.end),
                cause: Cause.allCases.randomElement(using: &numbers) ?? .dns,
                detail: nil
            )
        }
        let switches = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in
            TimelineFacts.Switch(at: Timestamp(milliseconds: moment()), isActive: Bool.random(using: &numbers))
        }
        return TimelineFacts(
            span: TimeSpan(from: -1000, to: length + 1000),
            createdAt: Timestamp(milliseconds: moment(length / 4)),
            isActive: Bool.random(using: &numbers),
            switches: switches,
            recorded: recorded,
            waiting: recorded.filter { _ in Bool.random(using: &numbers) },
            gaps: gaps
        )
    }

    private static func sum(_ spans: [TimeSpan]) -> Int64 { spans.map(\.milliseconds).reduce(0, +) }

    @Test(arguments: 0..<1000)
    func `each millisecond that was wanted is covered, in a gap or unexplained, and never two of them`(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        let facts = Self.facts(&numbers)
        let from = Int64.random(in: 0...Self.length / 2, using: &numbers)
        let asked = TimeSpan(from: from, to: Int64.random(in: from...Self.length, using: &numbers))
        let now = Int64.random(in: 0...Self.length * 2, using: &numbers)
        let result = CameraTimeline(facts, of: asked, now: now, latest: 2000)
        let parts = [result.covered, result.gaps.map(\.span), result.unexplained]
        #expect(parts.map(Self.sum).reduce(0, +) == Self.sum(result.wanted))
        #expect(TimeSpanSet(parts.flatMap { $0 }).spans == result.wanted, "parts overlap, or lie outside")
        let everything = parts.flatMap { $0 } + result.waiting
        #expect(everything.allSatisfy { !$0.isEmpty && $0.clamped(to: result.span) == $0 })
        #expect(result.span.start == asked.start && result.span.end <= max(asked.start, min(asked.end, now)))
        #expect(TimeSpanSet(result.waiting).subtracting(TimeSpanSet(result.covered)).isEmpty)
        let wanted = TimeSpanSet(result.wanted)
        let footage = TimeSpanSet(facts.recorded).joined(across: CameraTimeline.seam).intersection(wanted)
        let extra = TimeSpanSet(result.covered).subtracting(footage)
        #expect(extra.spans.allSatisfy { $0.milliseconds <= CameraTimeline.tolerance }, "covered without footage")
        #expect(footage.subtracting(TimeSpanSet(result.covered)).isEmpty)
        let rows = TimeSpanSet(
            facts.gaps.map { TimeSpan(from: $0.startedAt.milliseconds, to: $0.endedAt?.milliseconds ?? .max) }
        )
        #expect(TimeSpanSet(result.unexplained).intersection(footage.union(rows)).isEmpty, "there is a row")
        #expect(rows.intersection(wanted).subtracting(footage).intersection(TimeSpanSet(result.covered)).isEmpty)
    }

    @Test(arguments: 0..<500) func `a part of the timeline is the timeline of the part`(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        let facts = Self.facts(&numbers)
        let from = Int64.random(in: 0...Self.length / 2, using: &numbers)
        let part = TimeSpan(from: from, to: Int64.random(in: from...Self.length, using: &numbers))
        let now = Self.length * 2
        let whole = CameraTimeline(facts, of: TimeSpan(from: 0, to: Self.length), now: now, latest: 2000)
        let result = CameraTimeline(facts, of: part, now: now, latest: 2000)
        func cut(_ spans: [TimeSpan]) -> [TimeSpan] { spans.map { $0.clamped(to: part) }.filter { !$0.isEmpty } }
        #expect(result.wanted == cut(whole.wanted))
        #expect(result.covered == cut(whole.covered))
        #expect(result.unexplained == cut(whole.unexplained))
        #expect(result.gaps.map(\.span) == cut(whole.gaps.map(\.span)))
        #expect(result.waiting == cut(whole.waiting))
    }
}
