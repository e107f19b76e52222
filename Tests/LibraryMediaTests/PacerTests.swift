import System
import Testing

@testable import LibraryMedia

@Suite struct PacerTests {
    private static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    /// The moment at which a frame comes out, where `arrival` is when it came, in milliseconds.
    private static func out(_ pacer: inout Pacer, _ milliseconds: Int64, arrival: Int64) -> Int64 {
        max(due(&pacer, milliseconds, arrival: arrival), arrival)
    }

    /// The moment at which a frame is due; one before `arrival` if it is late.
    private static func due(_ pacer: inout Pacer, _ milliseconds: Int64, isKey: Bool = false, arrival: Int64) -> Int64 {
        (pacer.due(milliseconds * 1000, isKey: isKey, at: at(arrival)) - at(0)).wholeMilliseconds
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

    /// A playlist of segments of 2 s: `isStale` is true while it has nothing new; returns when each frame is said to have come.
    private static func play(
        _ pacer: inout Pacer,
        seconds: Int64,
        clockStops: Bool = false,
        isStale: (_ at: Int64) -> Bool
    ) -> [(media: Int64, came: Int64, isKey: Bool)] {
        var result: [(media: Int64, came: Int64, isKey: Bool)] = []
        var (now, next, lost, kept): (Int64, Int64, Int64, [Int64]) = (0, 0, 0, [])
        var wasStale = false
        func take(_ media: Int64, isKey: Bool) {
            let came = due(&pacer, media, isKey: isKey, arrival: now)
            now = max(now, came)
            result.append((media, came, isKey))
        }
        while now < seconds * 1000 {
            // The playlist has three segments; the newest ended by now.
            let newest = now / 2000
            guard !isStale(now), next <= newest else {
                wasStale = wasStale || isStale(now)
                now += 100
                continue
            }
            if wasStale, clockStops { lost = newest - next }
            wasStale = false
            next = max(next, newest - 2 - lost, 0)
            // The last frames of a segment come when the next begins.
            for media in kept { take(media, isKey: false) }
            let media = (clockStops ? next - lost : next) * 2000
            for frame in 0..<Int64(48) { take(media + frame * 40, isKey: frame == 0) }
            kept = [media + 48 * 40, media + 49 * 40]
            next += 1
        }
        return result
    }

    @Test func `a playlist that stood still and passed segments over goes on in the time that it keeps`() {
        for stop: Int64 in [8000, 20_000, 35_000] {
            var pacer = Pacer(.playlist)
            let frames = Self.play(&pacer, seconds: 120) { (20_500..<20_500 + stop).contains($0) }
            #expect(frames.count > 1500)
            for (frame, next) in zip(frames, frames.dropFirst()) {
                let (step, wait) = (next.media - frame.media, next.came - frame.came)
                #expect(abs(wait - step) <= max(20, step / 400), "\(stop): \(frame) \(next)")
            }
            let steps = zip(frames, frames.dropFirst()).filter { $1.media - $0.media > 40 }
            // The last frame before the silence is no part of what comes after.
            #expect(steps.count == 1 && steps.allSatisfy { $1.isKey }, "\(stop): \(steps)")
        }
    }

    @Test func `a playlist that stood still by its own clock goes on when it comes`() {
        var pacer = Pacer(.playlist)
        let before = (0..<49).map { Self.due(&pacer, $0 * 40, isKey: $0 == 0, arrival: 0) }
        #expect(before.first == 1000 && (2910...2930).contains(before.last ?? 0))
        // The last frame of a segment comes with the first of the next.
        #expect((2950...2970).contains(Self.due(&pacer, 1960, arrival: 22_000)))
        #expect(Self.due(&pacer, 2000, isKey: true, arrival: 22_000) == 23_000)
        #expect((23_030...23_040).contains(Self.due(&pacer, 2040, arrival: 22_000)))
    }

    @Test func `a playlist that jumps ahead of time is not waited for`() {
        var pacer = Pacer(.playlist)
        for frame in 0..<Int64(50) { _ = Self.due(&pacer, frame * 40, isKey: frame == 0, arrival: 0) }
        #expect(Self.due(&pacer, 60_000, isKey: true, arrival: 3000) == 3000)
    }

    @Test func `a segment that is a little late stays where it belongs`() {
        var pacer = Pacer(.playlist)
        for frame in 0..<Int64(50) { _ = Self.due(&pacer, frame * 40, isKey: frame == 0, arrival: 0) }
        let late = (50..<Int64(100)).map { Self.due(&pacer, $0 * 40, isKey: $0 == 50, arrival: 4200) - 1000 - $0 * 40 }
        #expect(late.allSatisfy { (-10...100).contains($0) }, "\(late)")
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
