/// Repairs the timestamps of one track by rule, so that a file's clock always moves forward and keeps the time of the day.
///
/// Cameras leave timestamps out, repeat, freeze and reset them, and their clocks run at other rates than they claim. The result
/// is in ticks of the track and begins at `origin`; within one connection it grows as the machine's own clock does. A pure
/// value: packets and arrival times in, timestamps out.
public struct Timeline: Sendable {
    /// When a packet is to be decoded and shown.
    public struct FrameTime: Hashable, Sendable {
        /// When to decode, in ticks; grows with each packet.
        public var decode: Int64
        /// When to show, in ticks; the first packet is shown when it is decoded, so that others may be shown earlier.
        public var presentation: Int64
        /// The source's clock jumped here, or was given up: what came before and what comes now are joined by arrival.
        public var isRejoined = false
        /// Nothing was captured between the packet before and this one.
        public var isAfterHole = false
        /// A silence before this packet, or shortly before, is not understood yet: its time may still change.
        public var isDoubtful = false
        /// The ticks by which all doubtful packets before this one have to be moved now.
        public var moved: Int64 = 0
    }

    /// Where the time comes from.
    public enum Clock: String, Hashable, Sendable {
        /// The source's timestamps.
        case source
        /// The source's timestamps at the rate of the arrival, because they run at another rate than they claim.
        case measured
        /// The arrival of the packets, because the source's timestamps stand still or there are none.
        case arrival
    }

    /// Timestamps moved by a tick because the source repeated or reversed them.
    public private(set) var nudged = 0
    /// Jumps of the source's clock that were joined.
    public private(set) var rejoined = 0
    /// The last timestamp given, in ticks; nil before the first packet.
    public private(set) var latest: Int64?

    private let second: Int64
    private let origin: Int64
    /// The usual duration of a packet, in ticks of the source.
    private var nominal: Int64
    private var isNominalKnown: Bool
    private var oddSteps = 0
    private var machine: MachineTicks
    private var pace: SourcePace?
    private var isWithoutSource: Bool
    private var follow: ArrivalPace?
    private var lastSource: Int64?
    /// How much later than decoded the source says that the first packet is shown.
    private var delay: Int64 = 0
    /// The most that a packet is shown later than decoded.
    private var lead: Int64 = 0
    private var freeze: (now: Int64, media: Int64, count: Int)?
    /// Jumps in short order.
    private var strayJumps = 0
    private var goodSteps = 0

    /// The bound of the source's timestamps: those beyond it are ignored, and arithmetic with all others cannot overflow.
    private static let limit: Int64 = 1 << 53

    /// Creates a timeline.
    ///
    /// - Parameters:
    ///   - ticksPerSecond: The track's clock rate, 1 to 100,000,000.
    ///   - origin: The timestamp of the first packet.
    ///   - nominalDuration: What a packet lasts, in ticks, as far as known; 0 if not.
    ///   - clock: `arrival` for a source that has no timestamps at all.
    public init(ticksPerSecond: Int64, origin: Int64, nominalDuration: Int64 = 0, clock: Clock = .source) {
        second = min(max(ticksPerSecond, 1), 100_000_000)
        self.origin = origin
        isWithoutSource = clock == .arrival
        isNominalKnown = nominalDuration > 0
        nominal = isNominalKnown ? min(nominalDuration, 20 * second) : max(second / 25, 1)
        machine = MachineTicks(ticksPerSecond: second, origin: origin)
    }

    /// The clock that the time follows.
    public var clock: Clock { isWithoutSource ? .arrival : pace?.isMeasured == true ? .measured : .source }

    /// The duration of a packet, in ticks: as given, then as seen.
    public var nominalDuration: Int64 {
        if isWithoutSource { return follow?.nominal ?? nominal }
        return min(max(Int64(Double(nominal) * (pace?.ratio ?? 1)), 1), 20 * second)
    }

    /// The duration of a packet in ticks of the source.
    var sourceDuration: Int64 { nominal }

    /// The difference between this timeline and the source's clock, in ticks; nil before the first timestamp.
    public var sourceOffset: Int64? {
        guard let lastSource, let pace else { return nil }
        return pace.time - lastSource
    }

    /// True while the time may be wrong by more than a tenth of a second: the source's clock is not known yet, or the time has
    /// run ahead of it and is waiting.
    var isUnsure: Bool {
        !isWithoutSource && pace != nil && machine.now - origin < 7 * second || isWaiting
    }

    /// The degree to which the present time is known: a clock that is far off is found out within the first seconds.
    var knowledge: Segmenter.TimeKnowledge {
        let isNew = !isWithoutSource && machine.now - origin < 5 * second
        return isNew || isWaiting ? .unknown : isUnsure ? .unsure : .known
    }

    /// True while the time has run ahead of the source's by more than a tenth of a second, and waits for it.
    var isWaiting: Bool {
        guard let pace, let latest, !isWithoutSource else { return false }
        return latest - pace.time > second / 10
    }

    /// True while the source's timestamps lead on without jumps, halts and silences, how they run is known, and packets are so
    /// frequent, 15 a second, that their arrival would tell the time as well.
    var isSteady: Bool {
        clock != .arrival && !isUnsure && freeze == nil && strayJumps == 0 && pace?.late == nil
            && nominalDuration <= second / 15
    }

    /// True once a minute more has come than has passed since the first packet: nothing is captured so fast, and a clock that runs at
    /// another rate than it claims is found out before.
    var isAheadOfTime: Bool {
        pace.map { $0.lead(at: machine.now) > 60 * second } ?? false
    }

    /// Corrections so far that the source's own steps do not contain, in ticks.
    var corrections: Int64 { Int64(pace?.corrections ?? 0) }

    /// When what is shown at `media` was captured, in nanoseconds of the clock of the arrivals; nil before the first packet.
    public func captured(_ media: Int64) -> Int64? {
        leastDelay.map { machine.nanoseconds(media + $0) }
    }

    /// The same for a packet that has come, or for its end.
    ///
    /// Never later than the newest packet came, and for the end of that one than its duration after it: a camera may send frames
    /// faster than time passes.
    func capturedByNow(_ media: Int64) -> Int64? {
        let newest = media > latest ?? media ? machine.now + nominalDuration : machine.now
        return captured(media).map { min($0, machine.nanoseconds(newest)) }
    }

    /// The timestamp of what is captured at `instant`, in nanoseconds of the clock of the arrivals.
    func position(of instant: Int64) -> Int64? {
        leastDelay.map { machine.ticks(instant) - $0 }
    }

    private var leastDelay: Int64? {
        (isWithoutSource ? follow?.leastDelay : pace?.leastDelay).map { $0 - lead }
    }

    /// Begins as a companion of a track that has begun: source time `source`, which came at `position`, becomes `timestamp`.
    mutating func anchor(source: Int64, at timestamp: Int64, position: Int64) {
        let source = Timeline.bounded(source) ?? 0
        _ = machine.advance(toTicks: position)
        var made = SourcePace(ticksPerSecond: second, media: timestamp, at: position)
        made.settle(at: position)
        pace = made
        lastSource = source
        latest = timestamp - 1
    }

    /// Takes note of the times of the first packet, which came without them and lies at the origin.
    public mutating func nameFirst(decode: Int64, presentation: Int64) {
        guard lastSource == nil, latest == origin, let decode = Timeline.bounded(decode) else { return }
        lastSource = decode
        delay = min(max(presentation &- decode, 0), 2 * second)
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
        if duration > 0, duration < second * 2 {
            nominal = duration
            isNominalKnown = true
        }
        return place(decode: decode, presentation: presentation, gap: machine.advance(to: arrival))
    }

    /// Places the next packet of audio, which came when video of `position` would have come.
    ///
    /// - Parameters:
    ///   - decode: The source's decode time in ticks, if it gave one.
    ///   - presentation: The source's presentation time in ticks, if it gave one.
    ///   - duration: The packet's duration in ticks, 0 if not given.
    ///   - position: When it came, in ticks.
    ///   - isFollowing: True if its clock is that of the video, so that nothing is to be found out about it.
    /// - Returns: Its timestamp.
    mutating func place(
        decode: Int64?,
        presentation: Int64?,
        duration: Int64,
        at position: Int64,
        isFollowing: Bool
    ) -> FrameTime {
        if duration > 0, duration < second * 2 { nominal = duration }
        if pace?.isFollowing == true, !isFollowing { pace?.settle(at: position) }
        pace?.isFollowing = isFollowing
        return place(decode: decode, presentation: presentation, gap: machine.advance(toTicks: position))
    }

    /// Moves the time of what comes next by ticks that a companion was corrected by.
    mutating func move(by ticks: Int64) {
        pace?.move(by: ticks)
    }

    private mutating func place(decode: Int64?, presentation: Int64?, gap: Int64) -> FrameTime {
        let decode = decode.flatMap(Timeline.bounded)
        let presentation = presentation.flatMap(Timeline.bounded)
        guard let last = latest else { return placeFirst(decode: decode, presentation: presentation) }
        guard !isWithoutSource else { return byArrival(after: last, gap: gap) }
        guard let source = decode ?? presentation.map({ decodeGuess($0 - delay, after: last) }) else {
            // It follows the one before, and the next timestamp counts from there.
            lastSource = lastSource.map { $0 + nominal }
            let wait = nominalDuration
            pace?.move(by: wait)
            return put(max(pace?.time ?? 0, last + 1), shownLater: nil)
        }
        let shown = presentation.map { $0 - delay - source }
        guard let before = lastSource else {
            // The first packet came without timestamps and lies at the origin; this one follows it.
            lastSource = source
            pace?.move(by: nominal)
            return put(max(pace?.time ?? 0, last + 1), shownLater: shown)
        }
        lastSource = source
        return place(step: source - before, gap: gap, shownLater: shown, after: last)
    }

    private mutating func place(step: Int64, gap: Int64, shownLater: Int64?, after last: Int64) -> FrameTime {
        guard var pace else { return giveUp(gap: gap, after: last) }
        let now = machine.now
        let scaled = pace.ratio * Double(step)
        if scaled < -0.1 * Double(second) || pace.outruns(step: step, gap: gap, at: now, nominal: nominal) {
            return rejoin(gap: gap, shownLater: shownLater, after: last)
        }
        goodSteps += 1
        if goodSteps > 100 { strayJumps = 0 }
        let isHole = scaled > Double(max(3 * nominalDuration, 2 * second))
        let result = pace.take(step: step, gap: gap, at: now, nominal: nominal)
        self.pace = pace
        if step <= 0, let frozen = hold(step: step, gap: gap, after: last) { return frozen }
        if step > 0, !isHole { learn(step) }
        if let begun = freeze, step > 0, pace.time - begun.media > (now - begun.now) / 2 { freeze = nil }
        if pace.isHopeless { return giveUp(gap: gap, after: last) }
        // What is ahead of its arrival loses its lead over some packets, so that they stay apart.
        let moved = result.isWhole ? result.moved : 0
        var least: Int64 = 1
        if step > 0 {
            let isFar = last + moved - pace.time > second / 10
            least = max(min(Int64(scaled), nominalDuration) * (isFar ? 1 : 3) / 4, 1)
        }
        var time = put(max(pace.time, last + moved + least), shownLater: step > 0 ? shownLater : nil)
        time.moved = moved
        time.isAfterHole = isHole || result.moved > moved
        time.isRejoined = result.moved > 0
        if result.moved > 0 { rejoined += 1 }
        time.isDoubtful = pace.late?.isMovable == true
        return time
    }

    /// A step that does not lead on; nil if it may be passed over.
    private mutating func hold(step: Int64, gap: Int64, after last: Int64) -> FrameTime? {
        nudged += 1
        var begun = freeze ?? (now: machine.now - gap, media: last, count: 0)
        begun.count += 1
        freeze = begun
        guard begun.count > 25 || machine.now - begun.now > second else { return nil }
        let mean = Double(machine.now - begun.now) / Double(begun.count)
        let least = pace?.leastDelay ?? 0
        follow = ArrivalPace(media: begun.media, at: begun.now, pace: mean, leastDelay: least, second: second)
        return giveUp(gap: gap, after: last)
    }

    /// Follows the arrival from now on.
    private mutating func giveUp(gap: Int64, after last: Int64) -> FrameTime {
        isWithoutSource = true
        let now = machine.now - gap
        let least = pace?.delayByArrival ?? now - last
        let usual = Double(nominalDuration)
        follow = follow ?? ArrivalPace(media: now - least, at: now, pace: usual, leastDelay: least, second: second)
        var time = byArrival(after: last, gap: gap)
        time.isRejoined = true
        return time
    }

    /// The time goes on as the packets come, whatever the source's clock does.
    private mutating func rejoin(gap: Int64, shownLater: Int64?, after last: Int64) -> FrameTime {
        rejoined += 1
        strayJumps += 1
        goodSteps = 0
        freeze = nil
        if strayJumps > 8 { return giveUp(gap: gap, after: last) }
        let usual = nominalDuration
        // Packets come a bit early and late; only a longer wait is one.
        let wait = gap - usual < second * 3 / 10 ? usual : min(gap, 10 * second)
        pace?.move(by: wait)
        var time = put(max(pace?.time ?? 0, last + 1), shownLater: shownLater)
        time.isRejoined = true
        time.isAfterHole = wait > max(3 * usual, 2 * second)
        return time
    }

    private mutating func placeFirst(decode: Int64?, presentation: Int64?) -> FrameTime {
        pace = SourcePace(ticksPerSecond: second, media: origin, at: machine.now)
        if isWithoutSource {
            let usual = Double(nominal)
            follow = ArrivalPace(media: origin, at: machine.now, pace: usual, leastDelay: nil, second: second)
        }
        guard !isWithoutSource, let source = decode ?? presentation else { return put(origin, shownLater: nil) }
        lastSource = source
        if let decode, let presentation, (0...2 * second).contains(presentation - decode) {
            delay = presentation - decode
        }
        return put(origin, shownLater: presentation.map { $0 - delay - source })
    }

    /// Without a decode time: as late as it may be, but before it is shown.
    private func decodeGuess(_ presentation: Int64, after last: Int64) -> Int64 {
        guard let lastSource else { return presentation }
        return min(presentation, max(lastSource + 1, presentation - nominal))
    }

    private mutating func byArrival(after last: Int64, gap: Int64) -> FrameTime {
        let next = follow?.next(after: last, gap: gap, at: machine.now)
        var time = put(next?.time ?? last + 1, shownLater: nil)
        time.isAfterHole = next?.isAfterHole == true
        return time
    }

    /// Learns what a packet lasts; single odd steps do not change that.
    private mutating func learn(_ step: Int64) {
        guard step < 20 * second else { return }
        if isNominalKnown, step < nominal / 2 || step > nominal * 2 {
            oddSteps += 1
            guard oddSteps > 3 else { return }
        }
        oddSteps = 0
        nominal = step
        isNominalKnown = true
    }

    private static func bounded(_ timestamp: Int64) -> Int64? {
        (-limit...limit).contains(timestamp) ? timestamp : nil
    }

    private mutating func put(_ timestamp: Int64, shownLater: Int64?) -> FrameTime {
        latest = timestamp
        // Reordering spans a few frames; anything further is a stray timestamp.
        let bound = Double(2 * second)
        let later = Double(shownLater ?? 0) * (pace?.ratio ?? 1)
        guard abs(later) <= bound else { return FrameTime(decode: timestamp, presentation: timestamp) }
        if later > 0, later < Double(second) { lead = max(lead, Int64(later)) }
        return FrameTime(decode: timestamp, presentation: timestamp + Int64(later))
    }
}
