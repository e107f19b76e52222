/// A camera as people want it; what it is doing is a ``CameraStatus``.
///
/// The members of its settings are members of the camera: `camera.url` is `camera.settings.url`.
@dynamicMemberLookup
package struct Camera: Hashable, Sendable {
    package let id: CameraID
    /// Its addresses are what may be shown, as the database has them, until they are opened.
    package var settings: CameraSettings
    /// The whole addresses, sealed, of those with secrets in them.
    package var sealedAddresses: SealedAddresses
    package var hasPassword: Bool
    /// Rises with every change.
    package var version: Int64
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: CameraID,
        settings: CameraSettings,
        sealedAddresses: SealedAddresses = SealedAddresses(),
        hasPassword: Bool,
        version: Int64,
        createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.settings = settings
        self.sealedAddresses = sealedAddresses
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

/// The addresses of a camera, each sealed for its place; nil where it has no secret in it.
package struct SealedAddresses: Hashable, Sendable {
    package var url: [UInt8]?
    package var subURL: [UInt8]?

    package init(url: [UInt8]? = nil, subURL: [UInt8]? = nil) {
        self.url = url
        self.subURL = subURL
    }
}
