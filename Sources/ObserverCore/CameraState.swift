/// The doings of a camera, as opposed to what is wanted of it.
package enum CameraState: String, Codable, Sendable, CaseIterable {
    /// It is switched off and not recorded.
    case off
    /// It is switched on, and no recorder has it yet.
    case pending
    /// A recorder is opening the stream, or waits for the first key frame.
    case connecting
    /// Frames are being recorded.
    case recording
    /// The stream was lost or could not be opened; the recorder tries again.
    case retrying
    /// It is switched on, and its recorder is gone.
    case unassigned
}
