import SeededNumbers
@testable import Media

/// A camera whose frames have a true time, a timestamp and an arrival, all in 1/90000 s but the arrival, in nanoseconds.
struct CameraClock: Sendable {
    /// A frame on its way.
    struct Frame {
        /// When it was captured, in seconds.
        var truth: Double
        /// The time that its timestamp claims.
        var source: Int64
        /// When it came, in seconds.
        var arrival: Double
    }

    /// The true time between frames at a moment.
    var interval: @Sendable (Double) -> Double = { _ in 0.04 }
    /// The ticks that timestamps count for a frame that lasted so long, in ticks.
    var step: @Sendable (Double) -> Double = { $0 * 90_000 }
    /// Ticks added once at a moment.
    var jumps: [(at: Double, ticks: Double)] = []
    /// Silences of the camera, and whether its clock counts them.
    var holes: [(at: Double, length: Double, isCounted: Bool)] = []
    /// Moments from which the network delivers nothing for so long, and then all at so many times its pace.
    var stalls: [(at: Double, length: Double, catchUp: Double)] = []
    /// The most that a packet is delayed by chance, in seconds.
    var jitter = 0.0
    /// The moment from which timestamps stand still.
    var freezesAt = Double.infinity
    /// Seconds of video that the camera kept, and sends at once.
    var kept = 0.0
    /// The seconds between two looks at what has come, once the stream has begun; 0 if frames are read as they come.
    var sweep = 0.0
    /// The timestamp of the first frame.
    var first: Double = 1_000_000

    /// The frames of so many seconds.
    func frames(seconds: Double, seed: UInt64) -> [Frame] {
        var random = SeededGenerator(seed: seed)
        var result: [Frame] = []
        var (time, source, latest) = (-kept, first, 0.0)
        var (waitingJumps, waitingHoles, waitingStalls) = (jumps, holes, stalls)
        var clear = -Double.infinity
        let phase = sweep > 0 ? Double.random(in: 0..<sweep, using: &random) : 0
        while time < seconds {
            let delay = 0.03 + (jitter > 0 ? Double.random(in: 0...jitter, using: &random) : 0)
            if let stall = waitingStalls.first, time >= stall.at {
                waitingStalls.removeFirst()
                clear = stall.at + stall.length
                latest = max(latest, clear)
            }
            var arrival = max(max(time, 0) + delay, latest)
            if time < clear, let stall = stalls.last(where: { time >= $0.at }) {
                // What was held up follows at a multiple of its pace.
                arrival = max(arrival, clear + (time - stall.at) / stall.catchUp)
                if stall.catchUp < 1000 { clear = max(clear, min(arrival, clear)) }
            }
            latest = arrival
            // The first frames wake the reader.
            if sweep > 0, time > 0.1 { arrival = phase + ((arrival - phase) / sweep).rounded(.up) * sweep }
            result.append(Frame(truth: time, source: Int64(source.rounded()), arrival: arrival))
            var length = interval(time)
            if let jump = waitingJumps.first, time >= jump.at {
                waitingJumps.removeFirst()
                source += jump.ticks
            }
            if time < freezesAt { source += step(length) }
            if let hole = waitingHoles.first, time >= hole.at {
                waitingHoles.removeFirst()
                length += hole.length
                if hole.isCounted { source += hole.length * 90_000 }
            }
            time += length
        }
        return result
    }
}
