package import ObserverCore
package import System

/// Decides the next step of a camera's recorder: a pure value with events and times in, steps out.
///
/// Retries:
/// - While the port is closed, it is probed with a TCP connect every second instead of opening the stream. That costs the
///   camera nothing, and the stream is opened within a second of its return, however long it was away.
/// - A camera whose port answers but that cannot be recorded is opened again after 1 s, then every 1.5 s; after ten minutes
///   every 3 s, so that it too is recorded within five seconds of its return.
/// - A camera that floods its recorder and is not recorded costs a core while it is read: it is opened again after 5 s, growing to
///   1 min.
/// - A refused password is tried again after 1 min, growing to 30 min, because cameras lock out clients that insist.
/// - A camera over which the library breaks down again and again is left alone until its quarantine ends.
/// - After 60 s of recording the counters are reset. Every wait is shortened at random, by up to 30 %.
///
/// It knows nothing of gaps and reports, which are the business of ``Coverage``.
package struct RecorderState: Sendable {
    package enum Event: Hashable, Sendable {
        /// The stream is open; its first key frame is awaited.
        case opened
        /// Frames are recorded.
        case recording
        /// The stream could not be opened, or ended, perhaps after the camera had sent far more than any stream has.
        case failed(Cause, isFlooded: Bool = false)
        /// The stream must not be opened until this time, unless a person wants it.
        case quarantined(until: MonotonicInstant)
        /// The camera's port answers, or does not.
        case probed(isAnswered: Bool)
        /// A person wants the camera to be connected now.
        case retry
        /// The disk has no room for this camera, or has room again.
        case disk(isFull: Bool)

        /// True if a wait follows that is shortened at random.
        var isFailure: Bool {
            if case .failed = self { true } else { false }
        }
    }

    package enum Step: Hashable, Sendable {
        case open
        case read
        /// Wait until this time, then ask for the next step.
        case wait(until: MonotonicInstant)
        /// Probe the camera's port, then wait until this time.
        case probe(until: MonotonicInstant)
        /// Wait until there is room on the disk.
        case pause
    }

    private enum Phase: Hashable, Sendable {
        case open
        case reading
        case waiting(until: MonotonicInstant, port: PortState)
        case paused
    }

    /// The state of the camera's port during one wait.
    private enum PortState: Hashable, Sendable {
        case unknown, closed, open
    }

    private static let probeInterval = Duration.seconds(1)
    private static let patience = Duration.seconds(600)
    private static let healthy = Duration.seconds(60)

    private var phase = Phase.open
    private var attempts = 0
    private var refusals = 0
    private var floods = 0
    private var troubleSince: MonotonicInstant?
    private var recordingSince: MonotonicInstant?

    package init() {}

    /// The step to take now.
    package func step(at now: MonotonicInstant) -> Step {
        switch phase {
        case .open: .open
        case .reading: .read
        case .paused: .pause
        case .waiting(let until, .open): now < until ? .wait(until: until) : .open
        case .waiting(let until, .unknown): now < until ? .probe(until: min(until, now + Self.probeInterval)) : .open
        case .waiting(_, .closed): .probe(until: now + Self.probeInterval)
        }
    }

    /// Handles an event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - now: The present moment.
    ///   - chance: A random number, 0 to 1.
    package mutating func handle(_ event: Event, at now: MonotonicInstant, chance: Double = 0) {
        switch event {
        case .opened:
            phase = .reading
            refusals = 0
        case .recording:
            recordingSince = recordingSince ?? now
        case .failed(let cause, let isFlooded):
            fail(cause, isFlooded: isFlooded, now: now, chance: chance)
        case .quarantined(let until):
            recordingSince = nil
            phase = .waiting(until: until, port: .open)
        case .probed(let isAnswered):
            guard case .waiting(let until, let port) = phase else { return }
            if isAnswered {
                phase = port == .closed ? .open : .waiting(until: until, port: .open)
            } else {
                phase = .waiting(until: until, port: .closed)
            }
        case .retry:
            if case .waiting = phase { phase = .open }
        case .disk(isFull: true):
            phase = .paused
        case .disk(isFull: false):
            if phase == .paused { phase = .open }
        }
    }

    private mutating func fail(_ cause: Cause, isFlooded: Bool, now: MonotonicInstant, chance: Double) {
        if let since = recordingSince, now - since >= Self.healthy {
            attempts = 0
            floods = 0
            troubleSince = nil
        }
        recordingSince = nil
        let begun = troubleSince ?? now
        troubleSince = begun
        let wait: Double
        let port: PortState
        switch cause {
        case .unauthorized:
            (wait, port) = (min(60 * Self.power(refusals), 1800), .open)
            refusals += 1
        case .badStream where isFlooded:
            (wait, port) = (min(5 * Self.power(floods), 60), .open)
            floods += 1
        default:
            (wait, port) = (min(Self.power(attempts), now - begun < Self.patience ? 1.5 : 3), .unknown)
            attempts += 1
        }
        phase = .waiting(until: now + .seconds(wait * (1 - 0.3 * chance)), port: port)
    }

    private static func power(_ exponent: Int) -> Double {
        Double(1 << min(exponent, 20))
    }
}
