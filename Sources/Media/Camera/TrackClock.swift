/// Puts the timestamps of a track on another clock.
struct TrackClock {
    private let rate: Int64
    private let ticks: Int64

    /// Creates a clock of `rate` ticks per second, read in `ticks` per second; both 1 to 100,000,000.
    init(rate: Int, ticks: Int) {
        self.rate = min(max(Int64(rate), 1), 100_000_000)
        self.ticks = min(max(Int64(ticks), 1), 100_000_000)
    }

    /// The nearest time on the other clock; far beyond any recording it wraps around.
    func time(_ timestamp: Int64) -> Int64 {
        guard rate != ticks else { return timestamp }
        let (seconds, rest) = timestamp.quotientAndRemainder(dividingBy: rate)
        return seconds &* ticks &+ (rest * ticks + (timestamp < 0 ? -rate : rate) / 2) / rate
    }
}
