import CLibAV
import Glibc
import Media
import System

/// Holds what comes faster than it was recorded back to its own pace.
struct Pacer {
    /// The kind of a source.
    enum Kind {
        /// A recording, which comes as fast as the network carries it.
        case file
        /// A live playlist, of which some seconds come at once.
        case playlist
        /// A stream of unknown length: what it has kept for a newcomer comes at once, and is no recording.
        case stream
    }

    /// A playlist is read so much later than it could be, because its segments are late at times.
    private static let margin = Duration.seconds(1)
    /// The most by which a playlist may be late and go on as if it were not: it catches up soon, or the pace begins anew.
    private static let tolerance = Duration.seconds(3)
    /// The same where segments were passed over: those that the playlist still has come at once.
    private static let window = Duration.seconds(20)
    /// The most frames that libavformat keeps back until the next segment begins: one in its parser, and some in its queues.
    private static let mostKept = 5
    /// The time in which a playlist that is late catches up.
    private static let patience = Duration.seconds(3)
    /// The most that a stream has kept for a newcomer.
    static let store = Duration.seconds(15)

    private let kind: Kind
    private var begin: (time: Int64, clock: MonotonicInstant)?
    private var last: Int64 = 0
    /// The time since which a playlist is late, and the most by which it may be.
    private var late: (since: MonotonicInstant, limit: Duration)?
    /// The last packets in a row that a demuxer had kept back.
    private var kept = 0

    init(_ kind: Kind) {
        self.kind = kind
    }

    /// Waits until a packet is due.
    ///
    /// - Returns: The time that counts as that of its arrival; nil for the one at which it was read.
    mutating func wait(
        for packet: UnsafeMutablePointer<AVPacket>,
        base: AVRational,
        interrupt: MediaInterrupt
    ) throws(MediaError) -> MonotonicInstant? {
        guard let time = Self.microseconds(packet, base) else { return nil }
        let due = due(time, isKey: packet.pointee.flags & AV_PKT_FLAG_KEY != 0, at: .now())
        let isEarly = !due.hasPassed
        while !due.hasPassed {
            if interrupt.isStopped { throw MediaError(.stopped, "the end was asked for") }
            interrupt.setDeadline(.seconds(10))
            usleep(UInt32(min(due.pollMilliseconds, 50)) * 1000)
        }
        switch kind {
        case .playlist: return due
        case .file: return .now()
        case .stream: return isEarly ? .now() : nil
        }
    }

    /// The decode time of a packet, or else its presentation time, in microseconds.
    static func microseconds(_ packet: UnsafeMutablePointer<AVPacket>, _ base: AVRational) -> Int64? {
        let timestamp = packet.pointee.dts == .min ? packet.pointee.pts : packet.pointee.dts
        guard timestamp != .min else { return nil }
        return MediaPacket.bounded(av_rescale_q(timestamp, base, AVRational(num: 1, den: 1_000_000)))
    }

    /// The moment at which a packet of a time, in microseconds, is due; one in the past for a packet that is late.
    mutating func due(_ time: Int64, isKey: Bool, at now: MonotonicInstant) -> MonotonicInstant {
        let step = time - last
        last = time
        guard let begin, time >= begin.time, step <= longestStep, time - begin.time < 86_400_000_000 else {
            return restart(time, at: kind == .playlist ? now + Self.margin : now)
        }
        switch kind {
        case .file: return begin.clock + .microseconds(time - begin.time)
        case .stream: return begin.clock + .microseconds(time - begin.time) + (.zero - Self.store)
        case .playlist:
            // Its clock may be a little faster than this one: what is too early is soon found out, and too late never.
            let elapsed = time - begin.time
            let due = begin.clock + .microseconds(elapsed - elapsed / 500)
            let isSkip = step > Self.longestGap
            if isOnTime(due, step: step, isKey: isKey, at: now) { return due }
            return restart(time, at: isSkip ? now : now + Self.margin)
        }
    }

    /// Returns true if a packet of a playlist belongs where the pace so far would have it.
    private mutating func isOnTime(_ due: MonotonicInstant, step: Int64, isKey: Bool, at now: MonotonicInstant) -> Bool
    {
        let isSkip = step > Self.longestGap
        guard now > due else {
            late = nil
            kept = 0
            // Who reads so slowly that segments are gone by then has to read sooner; and a jump is no silence that is waited for.
            return !isSkip || due - now < Self.margin / 2
        }
        // The demuxer of MPEG-TS knows where a frame ends when the next begins, and that may be much later.
        if !isKey, !isSkip, kept < Self.mostKept, now - due > Self.tolerance {
            kept += 1
            return true
        }
        kept = 0
        if late == nil || isSkip { late = (now, isSkip ? Self.window : Self.tolerance) }
        guard let late, now - due < late.limit, now - late.since < Self.patience else { return false }
        // Far more than the pace gains, and too little to be taken for a wrong rate.
        if late.limit == Self.tolerance { delay(by: min(now - due, .microseconds(step / 100))) }
        return true
    }

    /// A longer step within a playlist leaves segments out, in microseconds.
    private static let longestGap: Int64 = 2_000_000
    /// A longer step of the source's times is a jump and no silence that is waited for, in microseconds.
    private var longestStep: Int64 { kind == .playlist ? 120_000_000 : 20_000_000 }

    private mutating func delay(by time: Duration) {
        begin = begin.map { ($0.time, $0.clock + time) }
    }

    private mutating func restart(_ time: Int64, at clock: MonotonicInstant) -> MonotonicInstant {
        begin = (time, clock)
        late = nil
        kept = 0
        return clock
    }
}
