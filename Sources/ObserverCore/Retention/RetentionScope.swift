/// The cameras that a retention rule is about.
package enum RetentionScope: Hashable, Sendable {
    /// Every camera, also one that is deleted.
    case all
    /// The cameras that have a tag.
    case tag(String)
    case camera(CameraID)

    /// Returns true for a camera that the rule is about.
    package func includes(_ camera: RetentionCamera) -> Bool {
        switch self {
        case .all: true
        case .tag(let tag): camera.tags.contains(tag)
        case .camera(let id): camera.id == id
        }
    }
}
