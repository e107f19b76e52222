/// Places packets without timestamps by their arrival, at even steps, so that network jitter is not recorded.
///
/// A pure value; times are in ticks of the track.
struct ArrivalPace {
    /// The delay of the packets that come soonest, as given, or as seen in the first seconds.
    private(set) var leastDelay: Int64
    private let isDelayKnown: Bool
    private let begin: (media: Int64, now: Int64)
    private let second: Int64
    private var pace: Double
    private var count: Int

    /// How many packets make a pace that is trusted.
    private static let enough = 50
    /// No step is taken for longer than this: a stream that was silent so long has ended.
    private static let longestStep = 600.0

    /// Begins with a packet of media time `media`, which came at `now`; the next is expected after `pace`.
    init(media: Int64, at now: Int64, pace: Double, leastDelay: Int64?, second: Int64) {
        begin = (media, now)
        self.pace = max(pace, 1)
        self.leastDelay = leastDelay ?? now - media
        isDelayKnown = leastDelay != nil
        self.second = second
        count = 0
    }

    /// The usual duration of a packet.
    var nominal: Int64 { Int64(min(max(pace, 1), Self.longestStep * Double(second))) }

    /// The time of the packet after the one at `last`, which came `gap` later, at `now`.
    mutating func next(after last: Int64, gap: Int64, at now: Int64) -> (time: Int64, isAfterHole: Bool) {
        let due = begin.media + (now - begin.now)
        // The first wait is all that is known of the pace.
        let isAfterHole = count > 0 && Double(due - last) > max(3 * pace, 2 * Double(second))
        if isAfterHole { return (max(due, last + 1), true) }
        // The mean of the first waits, then one that forgets.
        count = min(count + 1, Self.enough)
        pace += (Double(gap) - pace) / Double(count)
        // A tenth of the error at a time; of one that is no jitter, as after timestamps that stood still, much more.
        let error = Double(due - last) - pace
        let step = pace + error * (abs(error) > Double(second) / 5 ? 0.5 : 0.1)
        let time = last + Int64(min(max(step, 1), Self.longestStep * Double(second)))
        if !isDelayKnown, now - begin.now < 3 * second { leastDelay = min(leastDelay, now - time) }
        return (time, false)
    }
}
