import CLibAV
import Glibc
import Media
import System

/// Holds a file back to the pace at which it was recorded.
struct Pacer {
    /// A jump of the file's times beyond this is no silence that is waited for.
    private static let longestWait = Duration.seconds(5)
    private var begin: (time: Int64, clock: MonotonicInstant)?

    mutating func wait(
        for packet: UnsafeMutablePointer<AVPacket>,
        base: AVRational,
        interrupt: MediaInterrupt
    ) throws(MediaError) {
        let timestamp = packet.pointee.dts == .min ? packet.pointee.pts : packet.pointee.dts
        guard timestamp != .min else { return }
        let scaled = av_rescale_q(timestamp, base, AVRational(num: 1, den: 1_000_000))
        guard let time = MediaPacket.bounded(scaled) else { return }
        let now = MonotonicInstant.now()
        guard let begin, time >= begin.time, time - begin.time < 86_400_000_000,
            begin.clock + .microseconds(time - begin.time) - now < Self.longestWait
        else {
            begin = (time, now)
            return
        }
        let due = begin.clock + .microseconds(time - begin.time)
        while !due.hasPassed {
            if interrupt.isStopped { throw MediaError(.stopped, "the end was asked for") }
            interrupt.setDeadline(.seconds(10))
            usleep(UInt32(min(due.pollMilliseconds, 50)) * 1000)
        }
    }
}
