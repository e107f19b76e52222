import System
import Testing

@testable import LibraryMedia

@Suite struct StreamStartTests {
    private static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    /// Takes frames (when they are of, when they come, in milliseconds) until there is a verdict; returns it and the frames taken.
    private static func judge(
        _ frames: some Sequence<(media: Int64, came: Int64)>
    ) -> (verdict: StreamStart.Verdict, count: Int) {
        var (start, count) = (StreamStart(opened: at(0)), 0)
        for frame in frames {
            count += 1
            let verdict = start.take(frame.media * 1000, at: at(frame.came))
            if verdict != .open { return (verdict, count) }
        }
        return (.open, count)
    }

    @Test func `what comes as fast as the network carries it is a recording`() {
        let file = Self.judge((0..<2000).lazy.map { (5000 + $0 * 40, 200 + $0) })
        #expect(file.verdict == .recording && file.count < 500)
        // Also one that a server sends at twice its pace.
        let slower = Self.judge((0..<2000).lazy.map { (5000 + $0 * 40, 200 + $0 * 20) })
        #expect(slower.verdict == .recording && slower.count < 300)
    }

    @Test func `a live stream is known within a second, and all of it is of use`() {
        let live = Self.judge((0..<2000).lazy.map { (5000 + $0 * 40, 200 + $0 * 40) })
        #expect(live.verdict == .live(from: 4_800_000) && live.count < 25)
    }

    @Test(arguments: [1000, 5000, 10_000] as [Int64])
    func `what a server has kept of a live stream was captured before it was asked`(kept: Int64) {
        let live = Self.judge((0..<2000).lazy.map { ($0 * 40, max(100 + $0 / 10, 100 + $0 * 40 - kept)) })
        guard case .live(let from) = live.verdict else { return #expect(Bool(false), "\(live)") }
        #expect(abs(from - (kept - 100) * 1000) < 100_000, "\(from)")
    }

    @Test func `times that jump are no reason to wait`() {
        #expect(Self.judge([(media: 0, came: 0), (media: 90_000, came: 1)]).verdict == .live(from: .min))
        #expect(Self.judge([(media: 90_000, came: 0), (media: 0, came: 1)]).verdict == .live(from: .min))
    }
}
