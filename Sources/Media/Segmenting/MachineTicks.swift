/// The machine's clock in ticks of a track, which never goes back and takes no leap of more than ten minutes.
struct MachineTicks {
    /// The last arrival.
    private(set) var now: Int64
    private let second: Int64
    /// The arrival that lies at tick 0, as far as the clock never leapt.
    private var base: Int64?

    private static let longestStep: Int64 = 600

    /// Creates a clock whose first arrival is `origin`.
    init(ticksPerSecond: Int64, origin: Int64) {
        second = ticksPerSecond
        now = origin
    }

    /// Takes the next arrival, in nanoseconds; returns the ticks since the last one.
    mutating func advance(to arrival: Int64) -> Int64 {
        guard base != nil else {
            set(now, at: arrival)
            return 0
        }
        let step = ticks(arrival) &- now
        guard !(-second..<0).contains(step) else { return 0 }
        guard (0...Self.longestStep * second).contains(step) else {
            let bounded = step < 0 ? 0 : Self.longestStep * second
            set(now + bounded, at: arrival)
            return bounded
        }
        now += step
        return step
    }

    /// Takes the next arrival, in ticks; returns those since the last one.
    mutating func advance(toTicks ticks: Int64) -> Int64 {
        let step = min(max(ticks &- now, 0), Self.longestStep * second)
        now += step
        return step
    }

    /// Takes `ticks` for the time of an arrival.
    mutating func set(_ ticks: Int64, at arrival: Int64) {
        now = ticks
        base = arrival &- elapsed(ticks)
    }

    /// The ticks of an arrival in nanoseconds.
    func ticks(_ arrival: Int64) -> Int64 {
        let nanoseconds = arrival &- (base ?? arrival)
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return seconds &* second &+ rest * second / 1_000_000_000
    }

    /// The moment of ticks in nanoseconds.
    func nanoseconds(_ ticks: Int64) -> Int64 { (base ?? 0) &+ elapsed(ticks) }

    private func elapsed(_ ticks: Int64) -> Int64 {
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: second)
        return seconds &* 1_000_000_000 &+ rest * 1_000_000_000 / second
    }
}
