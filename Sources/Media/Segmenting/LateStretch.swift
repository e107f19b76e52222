/// Packets that came after a longer silence than their timestamps tell: either they were held up on the way, or the source's
/// clock did not count the silence.
///
/// Frames that were held up come faster than they were captured, until the delay is as before; after a silence that was not counted
/// packets come at their usual pace. A pure value; times are in ticks of the track.
struct LateStretch {
    /// The nature of the silence, as far as the packets show it by now.
    enum Verdict: Hashable {
        /// Too few packets have come.
        case open
        /// The packets had been held up, and catch up.
        case heldUp
        /// The source's clock has lost this number of ticks.
        case lost(Int64)
    }

    /// True while only packets have come that may still have to be moved.
    private(set) var isMovable = true
    private var begin: (now: Int64, media: Int64)
    private var least: Int64
    private var count = 1

    /// Begins with the packet of media time `media`, which came at `now`.
    init(media: Int64, at now: Int64) {
        begin = (now, media)
        least = now - media
    }

    /// Takes the next packet.
    ///
    /// - Parameters:
    ///   - media: Its media time if nothing was lost.
    ///   - now: When it came.
    ///   - usual: The least delay before the silence.
    ///   - second: The ticks of a second.
    /// - Returns: The verdict with this packet.
    mutating func take(media: Int64, at now: Int64, usual: Int64, second: Int64) -> Verdict {
        let delay = now - media
        guard delay > usual + second / 4 else { return .heldUp }
        least = min(least, delay)
        count += 1
        let length = now - begin.now
        guard length >= second, count >= 4 || length >= 5 * second else { return .open }
        guard 2 * (media - begin.media) >= 3 * length else { return .lost(least - usual) }
        // Still catching up: what has come so far is where it belongs.
        begin = (now, media)
        least = delay
        count = 1
        isMovable = false
        return .open
    }
}
