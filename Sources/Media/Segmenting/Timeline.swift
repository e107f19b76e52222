/// Repairs the timestamps of one track by rule, so that a file's clock always moves forward at the camera's pace.
///
/// Cameras leave timestamps out, repeat, freeze and reset them. The result is in ticks of the track and begins at `origin`;
/// within one connection it is continuous. A pure value: packets and arrival times in, timestamps out.
public struct Timeline: Sendable {
    /// When a packet is to be decoded and shown.
    public struct FrameTime: Hashable, Sendable {
        /// When to decode, in ticks; grows with each packet.
        public var decode: Int64
        /// When to show, in ticks; the first packet is shown when it is decoded, so that others may be shown earlier.
        public var presentation: Int64
        /// The source's clock jumped here, or was given up: what came before and what comes now are joined by arrival.
        public var isRejoined: Bool
    }

    /// Where the time comes from.
    public enum Clock: String, Hashable, Sendable {
        /// The source's timestamps.
        case source
        /// The arrival of the packets, because the source's timestamps stand still or there are none.
        case arrival
    }

    /// Stamps moved by a tick because the source repeated or reversed them.
    public private(set) var nudged = 0
    /// Jumps of the source's clock that were joined.
    public private(set) var rejoined = 0
    /// The clock that the time follows.
    public private(set) var clock = Clock.source

    private let ticksPerSecond: Int64
    private let origin: Int64
    private var nominal: Int64
    private var last: Int64?
    private var lastSource: Int64?
    private var lastArrival: Int64 = 0
    /// The part of the wait for the last packet that its step did not take up, in ticks.
    private var spareWait: Int64 = 0
    private var offset: Int64 = 0
    /// How much later than decoded the source says that the first packet is shown.
    private var delay: Int64 = 0
    private var freeze: (arrival: Int64, media: Int64, count: Int)?
    /// Where following the arrival began, and how many packets ago.
    private var follow: (arrival: Int64, media: Int64, count: Int)?
    private var pace: Double

    /// The bound of the source's timestamps: those beyond it are ignored, and arithmetic with all others cannot overflow.
    private static let limit: Int64 = 1 << 53
    /// No step is taken for longer than this, whatever the source says: a stream that was silent so long has ended.
    private static let longestStep: Int64 = 600

    /// Creates a timeline.
    ///
    /// - Parameters:
    ///   - ticksPerSecond: The track's clock rate, 1 to 100,000,000.
    ///   - origin: The timestamp of the first packet.
    ///   - nominalDuration: What a packet lasts, in ticks, as far as known; 0 if not.
    ///   - clock: `arrival` for a source that has no timestamps at all.
    public init(ticksPerSecond: Int64, origin: Int64, nominalDuration: Int64 = 0, clock: Clock = .source) {
        self.ticksPerSecond = min(max(ticksPerSecond, 1), 100_000_000)
        self.origin = origin
        self.clock = clock
        let longest = Timeline.longestStep * self.ticksPerSecond
        nominal = nominalDuration > 0 ? min(nominalDuration, longest) : max(self.ticksPerSecond / 25, 1)
        pace = Double(nominal)
    }

    /// The duration of a packet, in ticks: as given, then as seen.
    public var nominalDuration: Int64 { nominal }

    /// The difference between this timeline and the source's clock, in ticks; nil before the first timestamp.
    public var sourceOffset: Int64? { lastSource == nil ? nil : offset }

    /// The last timestamp given, in ticks; nil before the first packet.
    public var latest: Int64? { last }

    /// Begins as a companion of a track that has begun: source time `source` becomes `timestamp`.
    public mutating func anchor(source: Int64, at timestamp: Int64, arrival: Int64) {
        let source = Timeline.bounded(source) ?? 0
        offset = timestamp - source
        lastSource = source
        last = timestamp - 1
        lastArrival = arrival
    }

    /// Takes note of the times of the first packet, which came without them and lies at the origin.
    public mutating func nameFirst(decode: Int64, presentation: Int64) {
        guard lastSource == nil, last == origin, let decode = Timeline.bounded(decode) else { return }
        offset = origin - decode
        lastSource = decode
        delay = min(max(presentation &- decode, 0), 2 * ticksPerSecond)
    }

    /// Places the next packet.
    ///
    /// - Parameters:
    ///   - decode: The source's decode time in ticks, if it gave one.
    ///   - presentation: The source's presentation time in ticks, if it gave one.
    ///   - duration: The packet's duration in ticks, 0 if not given.
    ///   - arrival: When it came, in nanoseconds of a monotonic clock.
    /// - Returns: Its timestamp.
    public mutating func place(decode: Int64?, presentation: Int64?, duration: Int64, arrival: Int64) -> FrameTime {
        if duration > 0, duration < ticksPerSecond * 2 { nominal = duration }
        defer { lastArrival = arrival }
        let decode = decode.flatMap(Timeline.bounded)
        let presentation = presentation.flatMap(Timeline.bounded)
        guard let last else { return placeFirst(decode: decode, presentation: presentation, arrival: arrival) }
        if clock == .arrival {
            return byArrival(after: last, arrival: arrival)
        }
        guard let source = decode ?? presentation.map({ decodeGuess($0 - delay, after: last) }) else {
            return put(last + nominal, presentation: nil, isRejoined: false)
        }
        guard let before = lastSource else {
            // The first packet came without timestamps and lies at the origin; this one follows it.
            offset = last + nominal - source
            lastSource = source
            return put(last + nominal, presentation: presentation, isRejoined: false)
        }
        lastSource = source
        return place(step: source - before, source: source, presentation: presentation, after: last, arrival: arrival)
    }

    private mutating func place(
        step: Int64,
        source: Int64,
        presentation: Int64?,
        after last: Int64,
        arrival: Int64
    ) -> FrameTime {
        let waited = min(ticks(nanoseconds: arrival &- lastArrival), Timeline.longestStep * ticksPerSecond)
        let isBack = step < -ticksPerSecond / 2
        // Media may come in bursts and run ahead of its arrival, but one step cannot outrun the wait for it by seconds.
        // A parser gives a frame only when the next one begins, so a silence may lie before the packet before it.
        let isAhead = step > waited + spareWait + 2 * ticksPerSecond
        spareWait = min(max(waited - max(step, 0), 0), 10 * ticksPerSecond)
        if isBack || isAhead {
            let wait = min(max(waited, nominal), 10 * ticksPerSecond)
            rejoined += 1
            offset = last + wait - source
            freeze = nil
            return put(last + wait, presentation: presentation, isRejoined: true)
        }
        let wanted = source + offset
        if step > 0, wanted > last {
            if step < ticksPerSecond * 2 { nominal = step }
            if let begun = freeze, wanted - begun.media > ticks(nanoseconds: arrival &- begun.arrival) / 2 {
                freeze = nil
            }
            return put(wanted, presentation: presentation, isRejoined: false)
        }
        nudged += 1
        var begun = freeze ?? (arrival: lastArrival, media: last, count: 0)
        begun.count += 1
        freeze = begun
        if begun.count > 25 || ticks(nanoseconds: arrival &- begun.arrival) > ticksPerSecond {
            clock = .arrival
            pace = Double(max(ticks(nanoseconds: arrival &- begun.arrival) / Int64(begun.count), 1))
            follow = (begun.arrival, begun.media, Timeline.settled)
            var timestamp = byArrival(after: last, arrival: arrival)
            timestamp.isRejoined = true
            return timestamp
        }
        return put(last + 1, presentation: nil, isRejoined: false)
    }

    private mutating func placeFirst(decode: Int64?, presentation: Int64?, arrival: Int64) -> FrameTime {
        if clock == .arrival {
            follow = (arrival, origin, 0)
            return put(origin, presentation: nil, isRejoined: false)
        }
        guard let source = decode ?? presentation else {
            return put(origin, presentation: nil, isRejoined: false)
        }
        offset = origin - source
        lastSource = source
        if let decode, let presentation, (0...2 * ticksPerSecond).contains(presentation - decode) {
            delay = presentation - decode
        }
        return put(origin, presentation: presentation, isRejoined: false)
    }

    /// Without a decode time: as late as it may be, but before it is shown.
    private func decodeGuess(_ presentation: Int64, after last: Int64) -> Int64 {
        guard lastSource != nil else { return presentation }
        return min(presentation, max(last + 1 - offset, presentation - nominal))
    }

    /// How many packets make a pace that is trusted.
    private static let settled = 50

    /// Follows the arrival with an even step, a tenth of the error at a time, so that network jitter is not recorded.
    private mutating func byArrival(after last: Int64, arrival: Int64) -> FrameTime {
        var begun = follow ?? (arrival: lastArrival, media: last, count: 0)
        let waited = Double(ticks(nanoseconds: arrival &- lastArrival))
        // The mean of the first waits, then one that forgets.
        begun.count = min(begun.count + 1, Timeline.settled)
        pace += (waited - pace) / Double(begun.count)
        follow = begun
        let due = begun.media + ticks(nanoseconds: arrival &- begun.arrival)
        let step = pace + (Double(due - last) - pace) * 0.1
        let longest = Double(Timeline.longestStep * ticksPerSecond)
        nominal = Int64(min(max(pace, 1), longest))
        return put(last + Int64(min(max(step, 1), longest)), presentation: nil, isRejoined: false)
    }

    private static func bounded(_ timestamp: Int64) -> Int64? {
        (-limit...limit).contains(timestamp) ? timestamp : nil
    }

    private mutating func put(_ timestamp: Int64, presentation: Int64?, isRejoined: Bool) -> FrameTime {
        last = timestamp
        let shown = presentation.map { $0 - delay + offset } ?? timestamp
        // Reordering spans a few frames; anything further is a stray timestamp.
        let isNear = abs(shown - timestamp) <= 2 * ticksPerSecond
        return FrameTime(decode: timestamp, presentation: isNear ? shown : timestamp, isRejoined: isRejoined)
    }

    private func ticks(nanoseconds: Int64) -> Int64 {
        let seconds = nanoseconds / 1_000_000_000
        return seconds * ticksPerSecond + nanoseconds % 1_000_000_000 * ticksPerSecond / 1_000_000_000
    }
}
