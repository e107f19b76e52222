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

    /// Live sources that are later than this have nothing more in store: the pace begins anew.
    private static let tolerance = Duration.milliseconds(250)
    /// A playlist is read so much later than it could be, because its segments are late at times.
    private static let margin = Duration.seconds(1)
    /// The most that a stream has kept for a newcomer.
    private static let store = Duration.seconds(15)

    private let kind: Kind
    private var begin: (time: Int64, clock: MonotonicInstant)?
    private var last: Int64 = 0

    init(_ kind: Kind) {
        self.kind = kind
    }

    mutating func wait(
        for packet: UnsafeMutablePointer<AVPacket>,
        base: AVRational,
        interrupt: MediaInterrupt
    ) throws(MediaError) {
        let timestamp = packet.pointee.dts == .min ? packet.pointee.pts : packet.pointee.dts
        guard timestamp != .min else { return }
        let scaled = av_rescale_q(timestamp, base, AVRational(num: 1, den: 1_000_000))
        guard let time = MediaPacket.bounded(scaled), let due = due(time, at: .now()) else { return }
        while !due.hasPassed {
            if interrupt.isStopped { throw MediaError(.stopped, "the end was asked for") }
            interrupt.setDeadline(.seconds(10))
            usleep(UInt32(min(due.pollMilliseconds, 50)) * 1000)
        }
    }

    /// The moment at which a packet of a time, in microseconds, is due; nil for now.
    mutating func due(_ time: Int64, at now: MonotonicInstant) -> MonotonicInstant? {
        let step = time - last
        last = time
        guard let begin, time >= begin.time, step <= longestStep, time - begin.time < 86_400_000_000 else {
            return restart(time, at: now)
        }
        switch kind {
        case .file: return begin.clock + .microseconds(time - begin.time)
        case .stream: return begin.clock + .microseconds(time - begin.time) + (.zero - Self.store)
        case .playlist:
            // Its clock may be a little faster than this one: what is too early is soon found out, and too late never.
            let elapsed = time - begin.time
            let due = begin.clock + .microseconds(elapsed - elapsed / 500)
            return now - due < Self.tolerance ? due : restart(time, at: now)
        }
    }

    /// A longer step of the source's times is a jump and no silence that is waited for, in microseconds.
    private var longestStep: Int64 { kind == .playlist ? 2_000_000 : 20_000_000 }

    private mutating func restart(_ time: Int64, at now: MonotonicInstant) -> MonotonicInstant? {
        let start = kind == .playlist ? now + Self.margin : now
        begin = (time, start)
        return start
    }
}
