/// The reason why a recorder ends.
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
