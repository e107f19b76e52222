import Mustache
import ObserverCore

/// The presentation of a camera's state: a word, a shape and a tone.
///
/// This is the one place for these words; pages hand them to the scripts in `partials/words`.
enum StateView {
    /// The colour; never the only sign, a word and a shape come with it (WCAG 1.4.1).
    enum Tone: String {
        case plain
        case quiet
        case recording
        case retrying
        case failing
    }

    /// From good to bad; cameras that are off come last.
    static let order: [CameraState] = [.recording, .connecting, .pending, .retrying, .unassigned, .off]

    static func word(_ state: CameraState) -> String {
        switch state {
        case .off: "Off"
        case .pending: "Starting"
        case .connecting: "Connecting"
        case .recording: "Recording"
        case .retrying: "Retrying"
        case .unassigned: "No recorder"
        }
    }

    static func word(_ cause: Cause) -> String {
        switch cause {
        case .unreachable: "No answer"
        case .refused: "Connection refused"
        case .unauthorized: "Wrong user or password"
        case .notFound: "No such stream"
        case .noVideo: "No video that can be recorded"
        case .noKeyFrames: "No key frames"
        case .stalled: "Stream went silent"
        case .badStream: "Stream is broken"
        case .lossy: "Packets were lost"
        case .diskFull: "Recorder’s disk is full"
        case .diskFailed: "Recorder’s disk fails"
        case .noRecorder: "No recorder is running"
        case .dns: "Unknown host name"
        }
    }

    static func word(_ cause: HealthNote.Cause) -> String {
        switch cause {
        case .clock: "A clock is wrong"
        case .lossy: "Packets are lost"
        case .noKeyFrames: "No key frames"
        case .diskFailed: "Recorder’s disk fails"
        case .audioLeftOut: "Audio is left out"
        }
    }

    /// Advice for a person, where the recorder gave no sentence of its own.
    static func remedy(_ cause: Cause) -> String {
        switch cause {
        case .unreachable: "Check that the camera has power and network, and that its address is right."
        case .refused:
            "Something answers at the address, but not this stream. Check the port, and whether the camera "
                + "has reached its limit of viewers."
        case .unauthorized:
            "Correct the user name or the password. Attempts are spaced out meanwhile, so that the "
                + "camera does not lock the account."
        case .notFound: "The camera answers, but has no stream at this path. Check the end of the address."
        case .noVideo: "The stream has no video, or in a codec that can’t be recorded as it is."
        case .noKeyFrames:
            "No frame comes that a recording can begin with. Set the camera’s key-frame interval to 1 to 4 s."
        case .stalled: "The connection stands, but no video comes. If it stays so, restart the camera."
        case .badStream: "What the camera sends can’t be understood. Try another transport or another stream of it."
        case .lossy: "Packets get lost between camera and recorder. Check the network, or choose TCP."
        case .diskFull: "Free space on the recorder’s disk, or see why uploads don’t drain it."
        case .diskFailed: "The recorder’s disk can’t be written, or is too slow. Check it; recording goes on by itself."
        case .noRecorder: "Start a recorder; the camera is recorded at once when one is there."
        case .dns: "Check the host name in the address, and the recorder’s name server."
        }
    }

    /// Returns true if trying again will not help until a person does something.
    static func needsPerson(_ cause: Cause) -> Bool {
        switch cause {
        case .unauthorized, .notFound, .noVideo, .noKeyFrames, .badStream, .diskFull, .diskFailed: true
        case .unreachable, .refused, .stalled, .lossy, .noRecorder, .dns: false
        }
    }

    static func tone(_ state: CameraState, _ cause: Cause? = nil) -> Tone {
        switch state {
        case .off: .quiet
        case .pending, .connecting: .plain
        case .recording: .recording
        case .retrying: cause.map(needsPerson) == true ? .failing : .retrying
        case .unassigned: .failing
        }
    }

    /// The symbol in `partials/marks`, without its prefix.
    static func mark(_ state: CameraState, _ cause: Cause? = nil) -> String {
        state == .retrying && tone(state, cause) == .failing ? "failing" : state.rawValue
    }

    /// The values of `partials/state`.
    static func value(_ status: CameraStatus, now: Timestamp) -> MustacheValue {
        // The state itself already means that no recorder has the camera.
        let cause = status.state == .unassigned ? nil : status.cause
        return [
            "state": .string(status.state.rawValue),
            "tone": .string(tone(status.state, status.cause).rawValue),
            "mark": .string(mark(status.state, status.cause)),
            "word": .string(word(status.state)),
            "since": Format.time(status.since, now: now),
            "cause": MustacheValue(cause.map(word)),
            "detail": MustacheValue(detail(status)),
            "has_health": .bool(!status.health.isEmpty),
            "health": MustacheValue(status.health) { note in
                ["word": .string(word(note.cause)), "detail": .string(sentence(note.detail))]
            },
        ]
    }

    /// A sentence that describes the problem.
    static func detail(_ status: CameraStatus) -> String? {
        guard status.state == .retrying || status.state == .unassigned, let cause = status.cause else { return nil }
        guard let detail = status.detail, !detail.isEmpty, cause != .noRecorder else { return remedy(cause) }
        return sentence(detail) + " " + remedy(cause)
    }

    /// The words for the scripts.
    static let words: [String: MustacheValue] = [
        "states": .list(
            CameraState.allCases.map { state in
                [
                    "state": .string(state.rawValue), "mark": .string(mark(state)),
                    "tone": .string(tone(state).rawValue), "word": .string(word(state)),
                ]
            }
        ),
        "causes": .list(
            Cause.allCases.map { cause in
                [
                    "cause": .string(cause.rawValue), "needs_person": .bool(needsPerson(cause)),
                    "word": .string(word(cause)), "remedy": .string(remedy(cause)),
                ]
            }
        ),
    ]

    /// The text with a capital letter and a full stop.
    static func sentence(_ text: String) -> String {
        let start = text.prefix(1).uppercased() + text.dropFirst()
        return start.last.map { ".!?".contains($0) } == true ? start : start + "."
    }
}
