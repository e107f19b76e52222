/// The least delays of a track's packets against its media time, over the last half minute.
///
/// Networks only ever add to the delay, so the least of half a second, or of four packets where they are rare, tells how the
/// clocks of source and machine run against each other. A pure value; times are in ticks of the track.
struct ArrivalEnvelope {
    /// The least delayed packet of a stretch.
    struct Low: Hashable {
        /// When it came.
        var at: Int64
        /// When it came, less its media time.
        var delay: Int64
        /// Where its stretch began.
        var begin: Int64
        /// The least delay of the source where the stretch ended; nil if that was not known yet.
        var known: Int64?
    }

    /// How the delay changes.
    struct Slope {
        /// The delay added in a tick: positive if the source runs slow.
        var perTick: Double
        /// The lows between which it was seen.
        var lows: ArraySlice<Low>

        /// The ticks that it was watched.
        var length: Int64 { last.at - first.at }
        /// The first low.
        var first: Low { lows[lows.startIndex] }
        /// The last low.
        var last: Low { lows[lows.endIndex - 1] }

        /// Creates the slope over lows; nil for less than two.
        init?(_ lows: ArraySlice<Low>) {
            guard let first = lows.first, let last = lows.last, last.at > first.at else { return nil }
            perTick = Double(last.delay - first.delay) / Double(last.at - first.at)
            self.lows = lows
        }
    }

    private(set) var lows: [Low] = []
    /// The number of times in a row that packets came at more than three times their pace.
    private(set) var bursts = 0
    private var open: (low: Low, count: Int)?
    private let second: Int64
    private static let most = 60

    /// Creates an envelope without packets.
    init(ticksPerSecond: Int64) {
        second = ticksPerSecond
    }

    /// Notes a packet; returns true if a low was added, where the least delay is `known`.
    mutating func observe(delay: Int64, at now: Int64, known: Int64?) -> Bool {
        guard var present = open else {
            open = (Low(at: now, delay: delay, begin: now), 1)
            return false
        }
        present.count += 1
        if delay < present.low.delay { (present.low.at, present.low.delay) = (now, delay) }
        open = present
        let length = now - present.low.begin
        guard length >= second / 2 && present.count >= 4 || length >= 5 * second else { return false }
        open = nil
        present.low.known = known
        add(present.low)
        return true
    }

    private mutating func add(_ low: Low) {
        if let last = lows.last, Double(last.delay - low.delay) > 2 * Double(low.at - last.at) {
            // What was kept somewhere comes at once; this tells nothing of the source's clock.
            lows = []
            bursts += 1
        } else if !lows.isEmpty {
            bursts = 0
        }
        lows.append(low)
        if lows.count > Self.most { lows.removeFirst() }
    }

    /// Forgets all packets.
    mutating func removeAll() {
        lows = []
        open = nil
    }

    /// True if packets come faster than at one and a half times their pace since the last low.
    func isBurst(delay: Int64, at now: Int64) -> Bool {
        guard let last = lows.last else { return true }
        return 2 * (last.delay - delay) > now - last.at
    }

    /// The least delay of the last second or so; nil before the first low.
    var recent: Int64? { lows.suffix(2).map(\.delay).min() }

    /// The slope over all lows, steady or not; nil for less than `seconds` of them.
    func slope(overSeconds seconds: Double) -> Slope? {
        Slope(lows[...]).flatMap { Double($0.length) >= seconds * Double(second) ? $0 : nil }
    }

    /// The slope of a source whose clock runs at another rate than it claims; nil if it keeps its pace.
    ///
    /// A rate that is far off is seen after a second, any other after three at the earliest.
    var wrongRate: Slope? {
        // The longest look first: it is the best.
        for count in [Self.most, 40, 20, 12, 7] {
            guard let slope = Slope(lows.suffix(count)), Double(slope.length) >= 2.9 * Double(second) else { break }
            let change = abs(slope.perTick) * Double(slope.length)
            if abs(slope.perTick) >= 0.02, change >= 0.25 * Double(second), isSteady(slope, parts: 3, within: 0.5) {
                return slope
            }
        }
        if let slope = Slope(lows.suffix(3)), slope.perTick >= 0.5 || slope.perTick <= -0.8,
            isSteady(slope, parts: 2, within: 0.3)
        {
            return slope
        }
        return nil
    }

    /// The least delay at a moment before the lows, if this slope was there from the start.
    func delay(at moment: Int64, by slope: Slope) -> Double {
        lows.lazy.map { Double($0.delay) - slope.perTick * Double($0.at - moment) }.min() ?? 0
    }

    /// Returns true if all parts have about the slope of the whole.
    private func isSteady(_ slope: Slope, parts: Int, within tolerance: Double) -> Bool {
        let lows = Array(slope.lows)
        guard lows.count > parts else { return false }
        return (0..<parts).allSatisfy { part in
            let from = lows[part * (lows.count - 1) / parts]
            let to = lows[(part + 1) * (lows.count - 1) / parts]
            guard to.at > from.at else { return false }
            let own = Double(to.delay - from.delay) / Double(to.at - from.at)
            return abs(own - slope.perTick) <= tolerance * abs(slope.perTick)
        }
    }
}
