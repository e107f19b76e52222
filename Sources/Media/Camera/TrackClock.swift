/// The clock of a track's timestamps.
struct TrackClock {
    private let rate: Int64

    /// Creates a clock of so many ticks per second, 1 to 100,000,000.
    init(rate: Int) {
        self.rate = Int64(min(max(rate, 1), 100_000_000))
    }

    /// A timestamp in 1/90000 s.
    func ticks90k(_ timestamp: Int64) -> Int64 {
        guard rate != 90_000 else { return timestamp }
        let (seconds, rest) = timestamp.quotientAndRemainder(dividingBy: rate)
        return seconds &* 90_000 &+ rest * 90_000 / rate
    }
}
