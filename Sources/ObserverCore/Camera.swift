/// A camera as people want it; what it is doing is a ``CameraStatus``.
///
/// The members of its settings are members of the camera: `camera.url` is `camera.settings.url`.
@dynamicMemberLookup
package struct Camera: Hashable, Sendable {
    package let id: CameraID
    package var settings: CameraSettings
    package var hasPassword: Bool
    /// Rises with every change.
    package var version: Int64
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: CameraID,
        settings: CameraSettings,
        hasPassword: Bool,
        version: Int64,
        createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.settings = settings
        self.hasPassword = hasPassword
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    package subscript<Member>(dynamicMember member: WritableKeyPath<CameraSettings, Member>) -> Member {
        get { settings[keyPath: member] }
        set { settings[keyPath: member] = newValue }
    }
}
