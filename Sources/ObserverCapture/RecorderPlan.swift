import Crypto
import ObserverCore

/// A camera to record, with its settings.
struct RecorderPlan: Sendable {
    var camera: Camera
    var password: Secret?
    var epoch: Int64
    /// The moment since which the camera should have been recorded.
    var uncoveredSince: Timestamp?
    /// The wait before the first attempt, so that many cameras do not start together.
    var delay = Duration.zero

    /// Returns true if a recorder can continue under the other plan because nothing it depends on differs.
    func isSame(as other: RecorderPlan) -> Bool {
        camera.url == other.camera.url && camera.username == other.camera.username && password == other.password
            && camera.segmentSeconds == other.camera.segmentSeconds && camera.transport == other.camera.transport
            && camera.audio == other.camera.audio
    }
}
