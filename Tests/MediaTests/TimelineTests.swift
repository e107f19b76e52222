import SeededNumbers
import Testing

@testable import Media

/// Times are in 1/90000 s; a frame lasts 3600 of them, 40 ms.
@Suite struct TimelineTests {
    static let frame: Int64 = 3600
    static let frameNanoseconds: Int64 = 40_000_000

    /// Feeds timestamps at the pace of the frames, one each 40 ms.
    static func run(_ timestamps: [Int64?]) -> (timeline: Timeline, timestamps: [Timeline.FrameTime]) {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000, nominalDuration: frame)
        var result: [Timeline.FrameTime] = []
        for (index, timestamp) in timestamps.enumerated() {
            let arrival = Int64(index) * frameNanoseconds
            result.append(timeline.place(decode: timestamp, presentation: timestamp, duration: 0, arrival: arrival))
        }
        return (timeline, result)
    }

    @Test func `good timestamps are kept and begin at the origin`() {
        let (timeline, timestamps) = Self.run((0..<100).map { 777_000 + $0 * Self.frame })
        #expect(timestamps.map(\.decode) == (0..<100).map { 90_000 + $0 * Self.frame })
        #expect(timeline.nudged == 0 && timeline.rejoined == 0)
    }

    @Test func `a first frame without timestamps lies one frame before the second`() {
        let (_, timestamps) = Self.run([nil, 50_000, 50_000 + Self.frame])
        #expect(timestamps.map(\.decode) == [90_000, 93_600, 97_200])
    }

    @Test func `a frame without timestamps in between follows the one before`() {
        let (_, timestamps) = Self.run([0, Self.frame, nil, 3 * Self.frame])
        #expect(timestamps.map(\.decode) == [90_000, 93_600, 97_200, 100_800])
    }

    @Test func `a repeated timestamp is moved by a tick`() {
        let (timeline, timestamps) = Self.run([0, Self.frame, Self.frame, 2 * Self.frame])
        #expect(timestamps.map(\.decode) == [90_000, 93_600, 93_601, 97_200])
        #expect(timeline.nudged == 1)
    }

    @Test(arguments: [-3_600_000, -90_000, 3_600_000, 4_212_000_000] as [Int64])
    func `a jump of the clock is joined, and the pace goes on`(jump: Int64) {
        let (timeline, timestamps) = Self.run((0..<100).map { $0 * Self.frame + ($0 < 50 ? 0 : jump) })
        #expect(timestamps.map(\.decode) == (0..<100).map { 90_000 + $0 * Self.frame })
        #expect(timeline.rejoined == 1)
        #expect(timestamps.filter(\.isRejoined).count == 1 && timestamps[50].isRejoined)
    }

    @Test func `timestamps that stand still are replaced by the arrival`() {
        let (timeline, timestamps) = Self.run((0..<500).map { $0 < 50 ? Int64($0) * Self.frame : 50 * Self.frame })
        #expect(timeline.clock == .arrival)
        let length = timestamps[499].decode - timestamps[0].decode
        #expect(abs(length - 499 * Self.frame) < 90_000, "\(length) is not 20 s, give or take one")
        #expect(zip(timestamps, timestamps.dropFirst()).allSatisfy { $0.decode < $1.decode })
    }

    @Test(arguments: [90, 3600] as [Int64])
    func `nothing was captured after it arrived, however fast frames come and whatever they claim`(step: Int64) {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000)
        for index in 0..<200_000 as Range<Int64> {
            // Twenty thousand frames in a tenth of a second, whose clock begins anew after each twenty seconds.
            let (arrival, stamp) = (index / 2000 * 10_000_000, index % 21_845 * step)
            let frame = timeline.place(decode: stamp, presentation: stamp, duration: 0, arrival: arrival)
            let captured = timeline.capturedByNow(frame.decode) ?? .max
            guard captured > arrival else { continue }
            Issue.record("frame \(index) of \(arrival) ns was captured at \(captured) ns")
            return
        }
    }

    @Test func `no timestamps at all are replaced by the nominal pace`() {
        let (_, timestamps) = Self.run([Int64?](repeating: nil, count: 250))
        #expect(timestamps[249].decode - timestamps[0].decode == 249 * Self.frame)
    }

    @Test(arguments: [1, 5, 25, 60] as [Int64])
    func `a source without a clock is recorded at the pace at which it comes`(rate: Int64) {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000, nominalDuration: 0, clock: .arrival)
        var timestamps: [Timeline.FrameTime] = []
        for index in 0..<(rate * 20) {
            // Early and late by a fifth of a frame in turn.
            let jitter = (index % 2 == 0 ? 1 : -1) * 100_000_000 / rate
            let arrival = index * 1_000_000_000 / rate + jitter
            timestamps.append(timeline.place(decode: nil, presentation: nil, duration: 0, arrival: arrival))
        }
        let length = timestamps[timestamps.count - 1].decode - timestamps[0].decode
        #expect(abs(length - (20 * rate - 1) * 90_000 / rate) < 45_000, "\(length) is not 20 s, give or take a half")
        #expect(zip(timestamps, timestamps.dropFirst()).allSatisfy { $0.decode < $1.decode })
        #expect(timestamps.allSatisfy { !$0.isRejoined })
    }

    @Test(arguments: [Int64.min, .min + 1, -1 << 53, 1 << 53, .max - 1, .max])
    func `timestamps that cannot be times are repaired like others`(extreme: Int64) {
        for place in 0..<4 {
            let (_, timestamps) = Self.run((0..<100).map { $0 == place ? extreme : Int64($0) * Self.frame })
            #expect(zip(timestamps, timestamps.dropFirst()).allSatisfy { $0.decode < $1.decode })
            #expect(timestamps[99].decode - timestamps[0].decode < 200 * Self.frame)
        }
    }

    @Test func `no timestamps, durations, rates or arrivals can stop it`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed | 1)
        let interesting: [Int64] = [.min, .min + 1, -1 << 53, -1, 0, 1, 90_000, 1 << 53, 1 << 62, .max - 1, .max]
        func value() -> Int64 {
            switch UInt8.random(in: 0..<4, using: &random) {
            case 0: interesting.randomElement(using: &random) ?? 0
            case 1: Int64.random(in: .min ... .max, using: &random)
            default: Int64.random(in: -1_000_000...1_000_000_000_000, using: &random)
            }
        }
        func timestamp() -> Int64? { Bool.random(using: &random) ? value() : nil }
        for _ in 0..<500 {
            let clock: Timeline.Clock = Bool.random(using: &random) ? .source : .arrival
            var timeline = Timeline(ticksPerSecond: value(), origin: 90_000, nominalDuration: value(), clock: clock)
            if Bool.random(using: &random) { timeline.anchor(source: value(), at: 90_000, position: 90_000) }
            var last = Int64.min
            for _ in 0..<200 {
                let next = timeline.place(
                    decode: timestamp(),
                    presentation: timestamp(),
                    duration: value(),
                    arrival: value()
                )
                guard next.decode > last, abs(next.presentation - next.decode) <= 200_000_000 else {
                    Issue.record("\(next) after \(last), seed \(seed)")
                    return
                }
                last = next.decode
            }
        }
    }

    @Test(arguments: [(25.0, 0.1), (25, 0.2), (25, 0.107), (15, 0.2), (30, 0.21), (10, 0.1), (10, 0.103)])
    func `a right clock keeps its steps, also where frames are read in bunches`(rate: Double, sweep: Double) {
        let camera = CameraClock(interval: { _ in 1 / rate }, jitter: 0.01, sweep: sweep)
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 0, nominalDuration: Int64(90_000 / rate))
        let times = camera.frames(seconds: 300, seed: 1).map { frame in
            let arrival = Int64(frame.arrival * 1e9)
            return timeline.place(decode: frame.source, presentation: frame.source, duration: 0, arrival: arrival)
                .decode
        }
        let steps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(Set(steps) == [Int64(90_000 / rate)])
    }

    @Test func `a burst of older frames is no jump`() {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000, nominalDuration: Self.frame)
        for index in 0..<125 {
            _ = timeline.place(decode: Int64(index) * Self.frame, presentation: nil, duration: 0, arrival: Int64(index))
        }
        #expect(timeline.rejoined == 0)
        #expect(timeline.latest == 90_000 + 124 * Self.frame)
    }

    @Test func `lost frames leave their time empty`() {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000, nominalDuration: Self.frame)
        _ = timeline.place(decode: 0, presentation: 0, duration: 0, arrival: 0)
        let next = timeline.place(decode: 450_000, presentation: 450_000, duration: 0, arrival: 5_000_000_000)
        #expect(next.decode == 540_000 && !next.isRejoined)
    }

    @Test func `a silence keeps its time, also if the frame before it comes late`() {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000, nominalDuration: Self.frame)
        // A parser gives the frame before the silence with the one after it.
        let silence: Int64 = 8_000_000_000
        let arrivals = [0, 40_000_000, silence, silence + 1_000_000, silence + 41_000_000]
        let sources = [0, Self.frame, 2 * Self.frame, 720_000, 723_600]
        let placed = zip(sources, arrivals).map { source, arrival in
            timeline.place(decode: source, presentation: source, duration: 0, arrival: arrival)
        }
        #expect(placed.map(\.decode) == sources.map { 90_000 + $0 })
        #expect(timeline.rejoined == 0)
    }

    @Test func `reordered frames keep the time at which they are shown`() {
        var timeline = Timeline(ticksPerSecond: 90_000, origin: 90_000, nominalDuration: Self.frame)
        let first = timeline.place(decode: 0, presentation: 7200, duration: 0, arrival: 0)
        let second = timeline.place(decode: 3600, presentation: 18_000, duration: 0, arrival: 40_000_000)
        let third = timeline.place(decode: 7200, presentation: 10_800, duration: 0, arrival: 80_000_000)
        // The first frame is shown when it is decoded, and all others as long after it as the source says.
        #expect(first.presentation == 90_000 && first.decode == 90_000)
        #expect(second.presentation == 100_800 && second.decode == 93_600)
        #expect(third.presentation == 93_600 && third.decode == 97_200)
    }
}
