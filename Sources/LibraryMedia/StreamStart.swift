import Media
import System

/// Finds out if a stream of unknown length is live or a recording, by how its first packets come.
///
/// A live stream may begin with some seconds that the server has kept, and goes on at the pace of time. A recording comes as fast as
/// the network carries it, without an end to that. A pure value; times of the stream are in microseconds.
struct StreamStart {
    /// The nature of a stream, as far as it shows by now.
    enum Verdict: Hashable {
        case open
        /// It is sent as it is captured; what was captured before `from` is of no use.
        case live(from: Int64)
        case recording
    }

    /// A stream that is no further ahead than this time ago is live.
    private static let calm = Duration.milliseconds(500)
    /// A stream that gets ahead for so long is a recording.
    private static let patience = Duration.seconds(5)
    /// Getting ahead by less is jitter, in microseconds.
    private static let jitter: Int64 = 50_000
    /// A longer step is a jump, in microseconds.
    private static let longestStep: Int64 = 20_000_000

    private let opened: MonotonicInstant
    private var first: (time: Int64, clock: MonotonicInstant)?
    private var last: Int64 = 0
    private var ahead: (lead: Int64, time: Int64, clock: MonotonicInstant)?

    /// Begins when the connection is opened.
    init(opened: MonotonicInstant) {
        self.opened = opened
    }

    /// Takes the time of the next packet, and when it came.
    mutating func take(_ time: Int64, at now: MonotonicInstant) -> Verdict {
        guard let first, let ahead else {
            (first, ahead) = ((time, now), (0, time, now))
            last = time
            return .open
        }
        let step = time - last
        last = time
        guard abs(step) < Self.longestStep else { return .live(from: .min) }
        let lead = time - first.time - (now - first.clock).wholeNanoseconds / 1000
        guard lead < Int64(Pacer.store.components.seconds) * 1_000_000 else { return .recording }
        if lead > ahead.lead + Self.jitter {
            self.ahead = (lead, time, now)
            return now - first.clock < Self.patience ? .open : .recording
        }
        guard now - ahead.clock >= Self.calm else { return .open }
        return .live(from: ahead.time - (ahead.clock - opened).wholeNanoseconds / 1000)
    }
}
