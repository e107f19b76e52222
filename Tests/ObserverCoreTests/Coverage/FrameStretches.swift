@testable import ObserverCore

/// Joins frames to stretches of time without a hole.
///
/// A frame lasts until the next one comes. After a silence above three times the usual duration, and above two seconds, it
/// lasted as long as usual, and the rest is a hole. A pure value; times are ticks of any clock.
struct FrameStretches: Sendable {
    private static let silenceSeconds: Int64 = 2

    private let ticksPerSecond: Int64
    private var done: [Stretch] = []
    private var present: Stretch?
    private var nominal: Int64 = 0

    init(ticksPerSecond: Int64) {
        self.ticksPerSecond = ticksPerSecond
    }

    /// Adds the next frame.
    ///
    /// - Parameters:
    ///   - time: The time of the frame; one that lies before the last frame's is taken for that.
    ///   - nominal: The usual duration of a frame.
    mutating func add(_ time: Int64, nominal: Int64) {
        extend(to: time)
        let usual = max(nominal, 0)
        self.nominal = usual
        guard var stretch = present else {
            present = Stretch(from: time, to: time)
            return
        }
        if time > stretch.to {
            done.append(stretch)
            stretch = Stretch(from: time, to: time)
        }
        present = stretch
    }

    /// Takes the stretches so far; the last frame lasts until `end`, or as long as usual if that is a silence.
    mutating func take(until end: Int64) -> [Stretch] {
        extend(to: end)
        defer {
            done = []
            present = nil
        }
        return (done + (present.map { [$0] } ?? [])).filter { $0.to > $0.from }
    }

    /// Extends the last frame until `time`, unless that is a silence.
    private mutating func extend(to time: Int64) {
        guard var stretch = present else { return }
        let step = time.addingSaturated(0 - stretch.to)
        let limit = max(nominal.multipliedSaturated(by: 3), Self.silenceSeconds * ticksPerSecond)
        stretch.to = step > limit ? stretch.to.addingSaturated(nominal) : max(time, stretch.to)
        present = stretch
    }
}
