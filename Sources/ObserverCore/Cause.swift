/// A reason why a camera is not recorded: a stable word for programs.
package enum Cause: String, Codable, Sendable, CaseIterable {
    /// No answer from the address.
    case unreachable
    /// The address answers, but refuses the connection or the stream.
    case refused
    /// User name or password are wrong.
    case unauthorized
    /// There is no such stream at the address.
    case notFound = "not_found"
    /// The stream has no video that can be recorded.
    case noVideo = "no_video"
    /// The stream went silent.
    case stalled
    /// The stream cannot be understood.
    case badStream = "bad_stream"
    /// The stream has no frame that a recording can begin with.
    case noKeyFrames = "no_key_frames"
    /// Packets of the stream were lost on their way.
    case lossy
    /// The spool's disk is full.
    case diskFull = "disk_full"
    /// The spool's disk fails, or is too slow.
    case diskFailed = "disk_failed"
    /// No recorder was running.
    case noRecorder = "no_recorder"
    /// The host's name cannot be resolved.
    case dns

    /// The part of the system where a cause lies.
    package enum Side: Hashable, Sendable {
        case camera, disk, recorder
    }

    package var side: Side {
        switch self {
        case .diskFull, .diskFailed: .disk
        case .noRecorder: .recorder
        case .unreachable, .refused, .unauthorized, .notFound, .noVideo, .noKeyFrames, .stalled, .badStream, .lossy,
            .dns:
            .camera
        }
    }
}
