import ObserverCore
import System

/// Notes what is wrong with a stream while it is recorded.
///
/// A pure value. What happened counts for a minute, so that one lost packet a day is no trouble that stays.
struct StreamHealth: Sendable {
    /// The facts of a recording so far; counts only grow within a connection.
    struct Facts: Hashable, Sendable {
        /// Packets that were lost on their way.
        var lostPackets = 0
        /// True while times follow the arrival of frames, because those of the camera are of no use.
        var followsArrival = false
        /// Jumps of the camera's clock.
        var clockJumps = 0
        /// The trouble with the recorder's own clock, a sentence; nil if there is none.
        var ownClock: String?
        /// Segments that had to begin without a key frame.
        var dependentSegments = 0
        /// Segments that could not be committed and wait for the disk.
        var uncommittedSegments = 0
        /// The parts of the stream that were left out, a sentence each.
        var leftOut: [String] = []
    }

    private static let memory = Duration.seconds(60)

    private var facts = Facts()
    private var lossy: (until: MonotonicInstant, packets: Int)?
    private var jumping: MonotonicInstant?
    private var stepping: (until: MonotonicInstant, note: String)?
    private var keyless: MonotonicInstant?

    /// Takes note of the facts as they stand.
    ///
    /// - Returns: True if packets were lost since the last call.
    mutating func update(_ new: Facts, at now: MonotonicInstant) -> Bool {
        let until = now + Self.memory
        let lost = max(new.lostPackets - facts.lostPackets, 0)
        if lost > 0 {
            let earlier = lossy.map { $0.until > now ? $0.packets : 0 } ?? 0
            lossy = (until, earlier + lost)
        }
        if new.clockJumps > facts.clockJumps { jumping = until }
        if let note = new.ownClock { stepping = (until, note) }
        if new.dependentSegments > facts.dependentSegments { keyless = until }
        facts = new
        return lost > 0
    }

    /// The trouble at present, the worst first.
    func notes(at now: MonotonicInstant) -> [HealthNote] {
        func lasts(_ until: MonotonicInstant?) -> Bool { until.map { $0 > now } ?? false }
        var notes: [HealthNote] = []
        if lasts(keyless) {
            notes.append(
                HealthNote(.noKeyFrames, "The camera sends key frames too seldom; set its interval to 1 to 4 seconds.")
            )
        }
        if let lossy, lossy.until > now {
            notes.append(
                HealthNote(.lossy, "\(lossy.packets) packets were lost lately; check the network, or choose TCP.")
            )
        }
        if facts.followsArrival {
            notes.append(
                HealthNote(
                    .clock,
                    "The camera's timestamps do not fit its frames, so their arrival counts; check its frame rate."
                )
            )
        } else if lasts(jumping) {
            notes.append(HealthNote(.clock, "The camera's clock jumps; let it take the time from a server."))
        } else if let stepping, stepping.until > now {
            notes.append(HealthNote(.clock, stepping.note))
        }
        if facts.uncommittedSegments > 0 {
            notes.append(
                HealthNote(
                    .diskFailed,
                    "The disk refuses to commit \(facts.uncommittedSegments) recorded segments; check the recorder's disk."
                )
            )
        }
        if !facts.leftOut.isEmpty {
            notes.append(HealthNote(.audioLeftOut, facts.leftOut.joined(separator: " ").capitalizedSentence))
        }
        return notes
    }
}

extension String {
    /// The text with a capital at its beginning and a full stop at its end.
    fileprivate var capitalizedSentence: String {
        guard let first else { return self }
        return first.uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".")
    }
}
