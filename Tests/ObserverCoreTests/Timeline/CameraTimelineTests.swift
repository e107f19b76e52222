import Testing

@testable import ObserverCore

@Suite struct CameraTimelineTests {
    private static let start: Int64 = 1_795_464_000_000
    private static let latest: Int64 = 40_000

    /// A moment so many milliseconds after the start of the tests' time.
    private static func at(_ milliseconds: Int64) -> Int64 { start + milliseconds }

    private static func span(_ from: Int64, _ to: Int64) -> TimeSpan { TimeSpan(from: at(from), to: at(to)) }

    private static func moment(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: at(milliseconds)) }

    private static func gap(_ from: Int64, _ to: Int64?, _ cause: Cause = .unreachable) -> Gap {
        Gap(
            stream: StreamID(CameraID(rawValue: 7), .main),
            epoch: 1,
            startedAt: moment(from),
            endedAt: to.map(moment),
            cause: cause,
            detail: "says why"
        )
    }

    /// A camera that was on from 0 to the end, with segments of ten seconds where nothing else is said.
    private static func facts(
        recorded: [TimeSpan] = [],
        waiting: [TimeSpan] = [],
        gaps: [Gap] = [],
        switches: [TimelineFacts.Switch] = [],
        createdAt: Int64 = 0,
        isActive: Bool = true
    ) -> TimelineFacts {
        TimelineFacts(
            span: span(-1_000_000, 10_000_000),
            createdAt: moment(createdAt),
            isActive: isActive,
            switches: switches,
            recorded: recorded,
            waiting: waiting,
            gaps: gaps
        )
    }

    private static func timeline(
        _ facts: TimelineFacts,
        _ from: Int64 = 0,
        _ to: Int64 = 100_000,
        now: Int64 = 1_000_000
    ) -> CameraTimeline {
        CameraTimeline(facts, of: span(from, to), now: at(now), latest: latest)
    }

    @Test func `segments that follow each other are one stretch`() {
        let result = Self.timeline(
            Self.facts(recorded: [Self.span(10_000, 20_000), Self.span(0, 10_000), Self.span(20_040, 100_000)])
        )
        #expect(result.covered == [Self.span(0, 100_000)])
        #expect(result.wanted == [Self.span(0, 100_000)])
        #expect(result.gaps.isEmpty && result.unexplained.isEmpty && result.waiting.isEmpty)
    }

    @Test(arguments: [(200, true), (201, false)] as [(Int64, Bool)])
    func `a hole is overlooked only where the times themselves are no better`(hole: Int64, isCovered: Bool) {
        let result = Self.timeline(
            Self.facts(recorded: [Self.span(0, 50_000), Self.span(50_000 + hole, 100_000)])
        )
        #expect(result.unexplained == (isCovered ? [] : [Self.span(50_000, 50_000 + hole)]))
    }

    @Test func `a short hole that has a row stays a gap`() {
        let result = Self.timeline(
            Self.facts(recorded: [Self.span(0, 50_000), Self.span(50_100, 100_000)], gaps: [Self.gap(50_000, 50_100)])
        )
        #expect(result.gaps.map(\.span) == [Self.span(50_000, 50_100)])
        #expect(result.covered == [Self.span(0, 50_000), Self.span(50_100, 100_000)])
    }

    @Test func `a sliver beside a gap belongs to the gap`() {
        let result = Self.timeline(
            Self.facts(recorded: [Self.span(0, 50_000), Self.span(60_100, 100_000)], gaps: [Self.gap(50_090, 60_000)])
        )
        #expect(result.gaps.map(\.span) == [Self.span(50_000, 60_100)])
        #expect(result.unexplained.isEmpty)
    }

    @Test func `footage counts before a gap row for the same time`() {
        let result = Self.timeline(
            Self.facts(recorded: [Self.span(0, 50_000), Self.span(60_000, 100_000)], gaps: [Self.gap(45_000, 65_000)])
        )
        #expect(result.gaps.map(\.span) == [Self.span(50_000, 60_000)])
        #expect(result.gaps.first?.cause == .unreachable && result.gaps.first?.detail == "says why")
    }

    @Test func `of two gaps for the same time that which began first counts`() {
        let result = Self.timeline(
            Self.facts(gaps: [Self.gap(40_000, 100_000, .stalled), Self.gap(0, 60_000, .dns), Self.gap(10_000, 20_000)])
        )
        #expect(result.gaps.map(\.cause) == [.dns, .stalled])
        #expect(result.gaps.map(\.span) == [Self.span(0, 60_000), Self.span(60_000, 100_000)])
    }

    @Test func `a gap that lasts has no end, wherever the timeline ends`() {
        let facts = Self.facts(recorded: [Self.span(0, 50_000)], gaps: [Self.gap(50_000, nil)])
        for (to, now) in [(100_000, 1_000_000), (2_000_000, 1_000_000)] as [(Int64, Int64)] {
            let result = Self.timeline(facts, 0, to, now: now)
            #expect(result.gaps.map(\.lasts) == [true])
            #expect(result.gaps.first?.span == Self.span(50_000, min(to, now)))
            #expect(result.span.end == Self.at(min(to, now)))
        }
        let closed = Self.timeline(Self.facts(gaps: [Self.gap(0, 200_000)]))
        #expect(closed.gaps.map(\.lasts) == [false])
        let off = Self.timeline(
            Self.facts(
                gaps: [Self.gap(0, nil)],
                switches: [.init(at: Self.moment(70_000), isActive: false)],
                isActive: false
            )
        )
        #expect(off.gaps.map(\.span) == [Self.span(0, 70_000)])
        #expect(off.gaps.map(\.lasts) == [false])
    }

    @Test func `time in which the camera was off is not wanted`() {
        let switches: [TimelineFacts.Switch] = [
            .init(at: Self.moment(10_000), isActive: true), .init(at: Self.moment(40_000), isActive: false),
            .init(at: Self.moment(70_000), isActive: true),
        ]
        let result = Self.timeline(Self.facts(recorded: [Self.span(12_000, 80_000)], switches: switches))
        #expect(result.wanted == [Self.span(10_000, 40_000), Self.span(70_000, 100_000)])
        #expect(result.covered == [Self.span(12_000, 40_000), Self.span(70_000, 80_000)])
        #expect(result.unexplained == [Self.span(10_000, 12_000), Self.span(80_000, 100_000)])
    }

    @Test func `without a movement of the switch its present position counts since the camera is there`() {
        #expect(Self.timeline(Self.facts(createdAt: 30_000)).wanted == [Self.span(30_000, 100_000)])
        #expect(Self.timeline(Self.facts(isActive: false)).wanted.isEmpty)
        let later: [TimelineFacts.Switch] = [.init(at: Self.moment(500_000), isActive: true)]
        #expect(Self.timeline(Self.facts(switches: later)).wanted.isEmpty)
        let off: [TimelineFacts.Switch] = [.init(at: Self.moment(500_000), isActive: false)]
        #expect(Self.timeline(Self.facts(switches: off, createdAt: 20_000)).wanted == [Self.span(20_000, 100_000)])
    }

    @Test func `what no row can tell of yet is beyond the end, until it is late`() {
        let facts = Self.facts(recorded: [Self.span(0, 60_000)])
        let fresh = Self.timeline(facts, 0, 90_000, now: 90_000)
        #expect(fresh.span == Self.span(0, 60_000))
        #expect(fresh.wanted == fresh.covered && fresh.unexplained.isEmpty)
        let late = Self.timeline(facts, 0, 101_000, now: 101_000)
        #expect(late.span == Self.span(0, 101_000))
        #expect(late.unexplained == [Self.span(60_000, 101_000)])
        let hole = Self.timeline(Self.facts(recorded: [Self.span(0, 60_000), Self.span(70_000, 80_000)]), now: 90_000)
        #expect(hole.unexplained == [Self.span(60_000, 70_000)])
        #expect(hole.span == Self.span(0, 80_000))
        let begun = Self.timeline(Self.facts(createdAt: 80_000), 0, 90_000, now: 90_000)
        #expect(begun.span == Self.span(0, 80_000) && begun.wanted.isEmpty)
        #expect(Self.timeline(facts, 70_000, 90_000, now: 90_000).span == Self.span(70_000, 70_000))
    }

    @Test func `the future is not told of`() {
        let result = Self.timeline(Self.facts(recorded: [Self.span(0, 900_000)]), 0, 900_000, now: 50_000)
        #expect(result.span == Self.span(0, 50_000))
        #expect(result.covered == [Self.span(0, 50_000)])
        let future = Self.timeline(Self.facts(), 100_000, 200_000, now: 50_000)
        #expect(future.span == Self.span(100_000, 100_000) && future.wanted.isEmpty && future.unexplained.isEmpty)
    }

    @Test func `what waits is part of what is covered`() {
        let result = Self.timeline(
            Self.facts(
                recorded: [Self.span(-5000, 100_000)],
                waiting: [Self.span(-5000, 5000), Self.span(20_000, 30_000), Self.span(30_050, 40_000)]
            )
        )
        #expect(result.waiting == [Self.span(0, 5000), Self.span(20_000, 40_000)])
    }

    @Test func `a seam between segments is none, whatever a row says, and a longer hole with a row stays a gap`() {
        for (hole, isGap) in [(50, false), (51, true)] as [(Int64, Bool)] {
            let result = Self.timeline(
                Self.facts(
                    recorded: [Self.span(0, 50_000), Self.span(50_000 + hole, 100_000)],
                    gaps: [Self.gap(50_000, 50_000 + hole)]
                )
            )
            #expect(result.gaps.map(\.span) == (isGap ? [Self.span(50_000, 50_000 + hole)] : []), "\(hole)")
        }
    }

    @Test func `what was deleted is told apart from what never was, and what is lost from what nobody knows`() {
        var facts = Self.facts(
            recorded: [Self.span(20_000, 30_000), Self.span(50_000, 70_000), Self.span(90_000, 100_000)],
            gaps: [Self.gap(70_000, 80_000)]
        )
        facts.deletedBefore = Self.moment(40_000)
        facts.lost = [Self.span(75_000, 90_000)]
        let result = Self.timeline(facts)
        #expect(result.expired == [Self.span(0, 20_000), Self.span(30_000, 40_000)])
        #expect(result.wanted == [Self.span(20_000, 30_000), Self.span(40_000, 100_000)])
        #expect(result.unexplained == [Self.span(40_000, 50_000), Self.span(80_000, 90_000)])
        #expect(result.lost == [Self.span(75_000, 90_000)])
        #expect(result.sums == .init(wanted: 70_000, covered: 40_000, gaps: 10_000, unexplained: 20_000, lost: 15_000))
    }
}
