package import System
package import ObserverCore

/// The next step of the recorder of one camera.
///
/// A pure value: events and times in, actions out.
///
/// The rule of trying again:
/// - A camera whose port does not answer is not opened but probed at (a TCP connect) every second: that costs it nothing,
///   and it is opened within a second of its return, however long it was away.
/// - A camera whose port answers, but that cannot be recorded, is opened again after 1 s, then every 1.5 s; after ten
///   minutes of that every 3 s, so that it too is recorded within five seconds of its return.
/// - A refused password is tried again after 1 min, growing to 30 min, because cameras lock out who insists.
/// - After 60 s of recording all is forgotten. Every wait is shortened by chance, by up to 30 %.
package struct RecorderState: Sendable {
    /// Events.
    package enum Event: Hashable, Sendable {
        /// The stream is open; a key frame is waited for.
        case opened
        /// The first frame of a recording.
        case recording
        /// The stream could not be opened, or ended.
        case failed(Cause, String)
        /// Somebody listens at the camera's port, or nobody.
        case probed(Bool, Cause, String)
        /// The stream is fine, but what comes cannot be kept at the moment.
        case interrupted(Cause, String)
        /// The disk has no room for this camera, or has again.
        case disk(isFull: Bool)
    }

    /// Reports for others.
    package enum Action: Hashable, Sendable {
        /// The camera's state changed.
        case report(CameraState, Cause?, String?)
        /// From the last recorded moment on the camera is not recorded.
        case beginGap(Cause, String)
        /// It is recorded again.
        case endGap
    }

    /// The step to take now.
    package enum Step: Hashable, Sendable {
        /// Open the stream.
        case open
        /// Read the open stream.
        case read
        /// Wait; look again at this time.
        case wait(until: MonotonicInstant)
        /// Probe at the camera's port, then wait until the time.
        case probe(until: MonotonicInstant)
        /// Wait until there is room on the disk.
        case pause
    }

    private enum Phase: Hashable, Sendable {
        case open
        case reading
        case waiting(until: MonotonicInstant, door: PortState)
        case paused
    }

    /// The knowledge of the camera's port during one wait.
    private enum PortState: Hashable, Sendable {
        case unknown, closed, open
    }

    private static let probeInterval = Duration.seconds(1)
    private static let patience = Duration.seconds(600)
    private static let healthy = Duration.seconds(60)

    /// How often the stream was opened again.
    package private(set) var reconnects = 0
    private var phase = Phase.open
    private var attempts = 0
    private var refusals = 0
    private var troubleSince: MonotonicInstant?
    private var recordingSince: MonotonicInstant?
    private var isGapOpen = false
    private var reported: Action?

    package init() {}

    /// The actions with which a recorder begins.
    package mutating func begin() -> [Action] {
        report(.connecting, nil, nil)
    }

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

    /// Takes an event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: When.
    ///   - chance: A random number, 0 to 1.
    /// - Returns: The reports for others, in order.
    package mutating func handle(_ event: Event, at now: MonotonicInstant, chance: Double = 0) -> [Action] {
        switch event {
        case .opened:
            phase = .reading
            refusals = 0
            return []
        case .recording:
            recordingSince = recordingSince ?? now
            let ended: [Action] = isGapOpen ? [.endGap] : []
            isGapOpen = false
            return ended + report(.recording, nil, nil)
        case .failed(let cause, let detail):
            return fail(cause, detail, now, chance)
        case .probed(let isAnswered, let cause, let detail):
            return probed(isAnswered, cause, detail)
        case .interrupted(let cause, let detail):
            recordingSince = nil
            return gap(cause, detail) + report(.retrying, cause, detail)
        case .disk(let isFull):
            guard isFull else {
                if phase == .paused { phase = .open }
                return []
            }
            guard phase != .paused else { return [] }
            phase = .paused
            return gap(.diskFull, "the disk of the spool is full")
                + report(.retrying, .diskFull, "the disk of the spool is full")
        }
    }

    private mutating func fail(_ cause: Cause, _ detail: String, _ now: MonotonicInstant, _ chance: Double) -> [Action]
    {
        if let since = recordingSince, now - since >= Self.healthy {
            attempts = 0
            troubleSince = nil
        }
        recordingSince = nil
        reconnects += 1
        let begun = troubleSince ?? now
        troubleSince = begun
        let wait: Double
        if cause == .unauthorized {
            wait = min(60 * Self.power(refusals), 1800)
            refusals += 1
            phase = .waiting(until: now + .seconds(wait * (1 - 0.3 * chance)), door: .open)
        } else {
            wait = min(Self.power(attempts), now - begun < Self.patience ? 1.5 : 3)
            attempts += 1
            phase = .waiting(until: now + .seconds(wait * (1 - 0.3 * chance)), door: .unknown)
        }
        return gap(cause, detail) + report(.retrying, cause, detail)
    }

    private mutating func probed(_ isAnswered: Bool, _ cause: Cause, _ detail: String) -> [Action] {
        guard case .waiting(let until, let door) = phase else { return [] }
        guard !isAnswered else {
            phase = door == .closed ? .open : .waiting(until: until, door: .open)
            return []
        }
        phase = .waiting(until: until, door: .closed)
        return report(.retrying, cause, detail)
    }

    private mutating func gap(_ cause: Cause, _ detail: String) -> [Action] {
        guard !isGapOpen else { return [] }
        isGapOpen = true
        return [.beginGap(cause, detail)]
    }

    private mutating func report(_ state: CameraState, _ cause: Cause?, _ detail: String?) -> [Action] {
        let action = Action.report(state, cause, detail)
        guard action != reported else { return [] }
        reported = action
        return [action]
    }

    private static func power(_ exponent: Int) -> Double {
        Double(1 << min(exponent, 20))
    }
}
