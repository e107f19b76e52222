import System
import Testing

@testable import LibraryMedia

@Suite struct PacerTests {
    private static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    /// The moment at which a frame comes out, where `arrival` is when it came, in milliseconds.
    private static func out(_ pacer: inout Pacer, _ milliseconds: Int64, arrival: Int64) -> Int64 {
        let due = pacer.due(milliseconds * 1000, at: at(arrival)).map { ($0 - at(0)).wholeMilliseconds } ?? arrival
        return max(due, arrival)
    }

    @Test func `a recording is read at its own pace, and its first jump is not waited for`() {
        var pacer = Pacer(.file)
        #expect((0..<100).map { Self.out(&pacer, $0 * 40, arrival: 0) } == (0..<100).map { $0 * 40 })
        #expect(Self.out(&pacer, 82_800_000, arrival: 4000) == 4000)
        #expect(Self.out(&pacer, 82_800_040, arrival: 4000) == 4040)
    }

    @Test func `a playlist whose segments come at once is read evenly, without falling behind`() {
        var pacer = Pacer(.playlist)
        var last: Int64 = 0
        // An hour of segments of 2 s, each as soon as it is whole, by a clock that is 0.05 % fast.
        for segment in 0..<Int64(1800) {
            let came = segment * 2000 * 9995 / 10_000
            for frame in 0..<Int64(50) {
                let out = Self.out(&pacer, segment * 2000 + frame * 40, arrival: max(came, last))
                #expect(out - came <= 4300, "\(segment) \(frame)")
                #expect(segment < 2 || out - last <= 1300, "\(segment) \(frame)")
                last = out
            }
        }
    }

    @Test func `after a playlist stood still and jumped, it goes on at once`() {
        var pacer = Pacer(.playlist)
        let before = (0..<50).map { Self.out(&pacer, $0 * 40, arrival: 0) }
        #expect(before.first == 1000 && (2950...2960).contains(before.last ?? 0))
        let after = [22_000, 22_040].map { Self.out(&pacer, $0, arrival: 22_000) }
        #expect(after[0] == 23_000 && (23_030...23_040).contains(after[1]))
    }

    @Test func `what a live stream has kept is taken at once, and a recording without a length is not`() {
        var live = Pacer(.stream)
        let kept = (0..<100).map { Self.out(&live, $0 * 40, arrival: 0) }
        #expect(kept.allSatisfy { $0 == 0 })
        // A jump is not waited for.
        #expect(Self.out(&live, 60_000, arrival: 0) == 0)
        var recording = Pacer(.stream)
        let read = (0..<1500).map { Self.out(&recording, $0 * 40, arrival: 0) }
        #expect(read.last == 44_960)
    }
}
