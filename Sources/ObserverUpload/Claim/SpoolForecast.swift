package import System

/// The time until the disk of the spool is full, if it fills on as it did in the last minutes.
///
/// A straight line through the free space of ten minutes. What falls no faster than it wavers is not filling.
package struct SpoolForecast: Sendable {
    private static let window: Duration = .seconds(600)
    private static let least: Duration = .seconds(60)
    /// Forecasts that reach farther say nothing.
    private static let farthest: Double = 365 * 86_400

    private var samples: [(at: MonotonicInstant, free: Int64)] = []

    package init() {}

    /// Takes a sample, at most one a second.
    package mutating func add(free: Int64, now: MonotonicInstant) {
        if let last = samples.last, now - last.at < .seconds(1) { return }
        samples.append((now, free))
        samples.removeFirst(samples.prefix { now - $0.at > Self.window }.count)
    }

    /// Seconds until nothing is free; nil while the disk is not filling, or too little is known.
    package var secondsUntilFull: Int64? {
        guard samples.count >= 4, let first = samples.first, let last = samples.last, last.at - first.at >= Self.least
        else { return nil }
        let points = samples.map { (x: Self.seconds($0.at - first.at), y: Double($0.free)) }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spread > 0 else { return nil }
        let slope = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
        let rest = points.reduce(0) { sum, point in
            let difference = point.y - meanY - slope * (point.x - meanX)
            return sum + difference * difference
        }
        // The standard error of the slope: what is within three of it may be no slope at all.
        let error = (rest / (count - 2) / spread).squareRoot()
        guard slope < 0, slope < -3 * error else { return nil }
        let seconds = Double(last.free) / -slope
        return seconds <= Self.farthest ? Int64(max(seconds, 0)) : nil
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeNanoseconds) / 1e9 }
}

/// Bytes a second that were stored in the last half minute.
package struct StoredRate: Sendable {
    private static let window: Duration = .seconds(30)

    private var samples: [(at: MonotonicInstant, bytes: Int64)] = []

    package init() {}

    /// Takes the sum of all bytes that were stored so far.
    package mutating func add(stored bytes: Int64, now: MonotonicInstant) {
        samples.append((now, bytes))
        // The last one before the window is its beginning.
        while samples.count > 2, now - samples[1].at >= Self.window { samples.removeFirst() }
    }

    package var bytesPerSecond: Int64 {
        guard let first = samples.first, let last = samples.last else { return 0 }
        let milliseconds = (last.at - first.at).wholeNanoseconds / 1_000_000
        guard milliseconds > 0 else { return 0 }
        return Int64(max(0, Double(last.bytes - first.bytes) * 1000 / Double(milliseconds)))
    }
}
