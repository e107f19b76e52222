/// Keeps a media time that follows the source's timestamps on the machine's clock.
///
/// No packet can come before it was captured, so the packets that come soonest tell the time. As long as the source's clock
/// is right to 2 %, its steps are kept and the time is steered by so little that nobody sees it. A source whose clock runs at
/// another rate than it claims (a nominal frame rate in the dark, a clock of milliseconds) is held against the arrival: its
/// steps are multiplied by the rate found there from then on. A pure value; times are in ticks of the track.
struct SourcePace {
    /// Ticks of media time in a tick of the source's clock.
    private(set) var ratio = 1.0
    /// True once the source's rate was replaced by that of the arrival.
    private(set) var isMeasured = false
    /// The delay of the packets that come soonest.
    private(set) var leastDelay: Int64
    /// Corrections so far that the source's own steps do not contain.
    private(set) var corrections = 0.0
    /// The packets after a silence that is not understood yet.
    private(set) var late: LateStretch?

    /// True if the source's clock is known from a companion, so that its steps are taken as they are.
    var isFollowing = false

    private let second: Int64
    private var raw: Double
    private var steer = 0.0
    /// Correction in a tick of media time.
    private var steering = 0.0
    private var envelope: ArrivalEnvelope
    private var began: Int64
    private let firstDelay: Int64
    /// The usual wait for a packet.
    private var usualGap: Double?

    /// The error that is not worth a correction; one that was begun ends there.
    private var tolerance: Int64 { second / (isMeasured ? 200 : 50) }

    /// The error from which the time is corrected, where packets last `nominal`.
    ///
    /// Frames are read in bunches, so that their arrival says no more than to the duration of a frame or so: a right clock keeps
    /// its steps.
    private func noise(nominal: Int64) -> Int64 {
        isMeasured ? tolerance : min(max(nominal * 3 / 2, tolerance), second / 8)
    }

    /// How far the time may run ahead before it is set back at once rather than steered.
    private var lead: Int64 { second / (isMeasured ? 50 : 20) }

    /// Begins with a packet of media time `media`, which came at `now`.
    init(ticksPerSecond: Int64, media: Int64, at now: Int64) {
        second = ticksPerSecond
        raw = Double(media)
        leastDelay = now - media
        firstDelay = now - media
        began = now
        envelope = ArrivalEnvelope(ticksPerSecond: ticksPerSecond)
    }

    /// The media time.
    var time: Int64 { Int64((raw + steer).rounded()) }

    /// True if the source has shown for two seconds how soon its packets come.
    private func isSettled(_ now: Int64) -> Bool { now - began >= 2 * second }

    /// True if packets come faster than they could be captured for so long that timestamps are of no use.
    var isHopeless: Bool { envelope.bursts > 5 }

    /// The delay to go by when timestamps are of no use any more.
    var delayByArrival: Int64 { isHopeless ? firstDelay : leastDelay }

    /// The ticks by which the time has run ahead of the first packet's: more than it was held up on its way, and than a server
    /// has kept for a newcomer, is no time that has passed.
    func lead(at now: Int64) -> Int64 { firstDelay - (now - time) }

    /// Takes the present delay for the least one.
    mutating func settle(at now: Int64) {
        leastDelay = now - time
        began = now - 2 * second
    }

    /// Moves the time by a step that the source's timestamps do not have.
    mutating func move(by ticks: Int64) {
        raw += Double(ticks)
    }

    /// Returns true if this step of the source leads to a time that packets cannot have when they come now.
    func outruns(step: Int64, gap: Int64, at now: Int64, nominal: Int64) -> Bool {
        let scaled = ratio * Double(step)
        guard scaled - Double(gap) > max(Double(second) / 2, 1.5 * ratio * Double(nominal)) else { return false }
        let margin = isSettled(now) ? Double(second) * 0.3 : Double(second) * 2
        return Double(now) - (raw + steer + scaled) < Double(leastDelay) - margin
    }

    /// Takes a step of the source.
    ///
    /// - Parameters:
    ///   - step: The difference between its timestamps.
    ///   - gap: The wait for its packet.
    ///   - now: When that came.
    ///   - nominal: What a packet usually lasts, in ticks of the source; of a longer step thrice as much is steered.
    /// - Returns: The number of ticks that packets since the last silence are to be moved by, and whether those that came
    ///   before this one can be moved as well.
    mutating func take(step: Int64, gap: Int64, at now: Int64, nominal: Int64) -> (moved: Int64, isWhole: Bool) {
        let scaled = ratio * Double(step)
        raw += scaled
        guard !isFollowing else { return (0, false) }
        let correction = steering * min(max(scaled, 0), ratio * Double(3 * nominal))
        correct(by: correction)
        if let begun = late { return judge(begun, at: now) }
        let usual = usualGap ?? Double(gap)
        if Double(gap) - scaled > max(0.3 * Double(second), 2 * usual) {
            late = LateStretch(media: time, at: now)
            return (0, false)
        }
        usualGap = usual + (Double(min(gap, 10 * second)) - usual) / 8
        observe(at: now, nominal: nominal)
        return (0, false)
    }

    private mutating func judge(_ begun: LateStretch, at now: Int64) -> (moved: Int64, isWhole: Bool) {
        var begun = begun
        switch begun.take(media: time, at: now, usual: leastDelay, second: second) {
        case .open:
            late = begun
            return (0, false)
        case .heldUp:
            late = nil
            return (0, false)
        case .lost(let ticks):
            late = nil
            raw += Double(ticks)
            corrections += Double(ticks)
            return (ticks, begun.isMovable)
        }
    }

    private mutating func correct(by ticks: Double) {
        steer += ticks
        corrections += ticks
    }

    private mutating func observe(at now: Int64, nominal: Int64) {
        let delay = now - Int64(raw.rounded())
        let present = delay - Int64(steer.rounded())
        if present < leastDelay {
            if !isSettled(now) || !isMeasured && envelope.isBurst(delay: delay, at: now) {
                leastDelay = present
            } else if present < leastDelay - lead {
                correct(by: Double(present - leastDelay + lead))
            }
        }
        let isNew = envelope.observe(delay: delay, at: now, known: isMeasured || isSettled(now) ? leastDelay : nil)
        guard isNew else { return }
        if let slope = envelope.wrongRate { adopt(slope, at: now) } else { refine() }
        let error = Double(envelope.recent ?? delay) - steer - Double(leastDelay)
        let most = isMeasured ? 0.1 : 0.04
        let least = steering * error > 0 ? tolerance : noise(nominal: nominal)
        steering = abs(error) < Double(least) ? 0 : min(max(error / (1.5 * Double(second)), -most), most)
    }

    /// Goes on at the rate of the arrival, from the time that it tells.
    private mutating func adopt(_ slope: ArrivalEnvelope.Slope, at now: Int64) {
        let delay = Double(slope.last.delay) + slope.perTick * Double(now - slope.last.at)
        // In the first seconds the least delay has followed the wrong clock.
        leastDelay = slope.first.known ?? min(firstDelay, Int64(envelope.delay(at: began, by: slope)))
        let wasKnown = slope.first.known != nil
        // Jitter shows only now that the pace is known.
        began = wasKnown || slope.perTick < 0 ? now - 2 * second : now
        correct(by: delay - Double(leastDelay) - steer)
        scale(by: slope)
        isMeasured = true
    }

    /// Measures a rate that is known to be wrong once more, over a longer time.
    private mutating func refine() {
        guard isMeasured, let slope = envelope.slope(overSeconds: 8) else { return }
        scale(by: slope)
    }

    private mutating func scale(by slope: ArrivalEnvelope.Slope) {
        ratio = min(max(ratio / max(1 - slope.perTick, 0.001), 0.0001), 10_000)
        envelope.removeAll()
    }
}
