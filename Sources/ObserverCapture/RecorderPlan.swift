import Crypto
import ObserverCore

/// The camera to record, and how.
struct RecorderPlan: Sendable {
    var camera: Camera
    var password: Secret?
    var epoch: Int64
    /// From when on the camera should have been recorded.
    var uncoveredSince: Timestamp?
    /// How long to wait before the first attempt, so that many cameras do not begin together.
    var delay = Duration.zero

    /// Returns true if a running recorder can go on under the other plan: nothing that matters to it differs.
    func isSame(as other: RecorderPlan) -> Bool {
        camera.url == other.camera.url && camera.username == other.camera.username && password == other.password
            && camera.segmentSeconds == other.camera.segmentSeconds && camera.transport == other.camera.transport
            && camera.audio == other.camera.audio
    }
}

/// Reasons for the end of a recorder.
enum RecorderEnding: Sendable {
    /// The camera was switched off or deleted.
    case off
    /// Another recorder of this process takes over, because the camera was changed.
    case replaced
    /// Another process has the camera.
    case lost
    /// The process ends.
    case shutdown
}
