/// How RTP reaches the recorder.
package enum Transport: String, Codable, Sendable, CaseIterable {
    /// TCP first, then UDP.
    case auto
    /// Interleaved in the RTSP connection.
    case tcp
    /// Datagrams of their own.
    case udp
}

/// What becomes of a camera's audio.
package enum AudioMode: String, Codable, Sendable, CaseIterable {
    /// It is not even asked for.
    case off
    /// It is recorded as it comes, where MP4 can hold it.
    case copy
}

/// What people want of a camera.
package struct Camera: Hashable, Sendable {
    package let id: CameraID
    package var name: String
    package var location: String
    package var locationDetails: String?
    /// Without user information.
    package var url: String
    package var username: String?
    package var hasPassword: Bool
    /// Whether it shall record: the switch.
    package var isActive: Bool
    /// Rises with every change.
    package var version: Int64
    /// The length of segments, 2 to 300 s.
    package var segmentSeconds: Int
    package var transport: Transport
    package var audio: AudioMode
    /// For how long recordings are kept, 1 to 3650 days.
    package var retentionDays: Int
    package var tags: [String]
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: CameraID,
        name: String,
        location: String,
        locationDetails: String?,
        url: String,
        username: String?,
        hasPassword: Bool,
        isActive: Bool,
        version: Int64,
        segmentSeconds: Int,
        transport: Transport,
        audio: AudioMode,
        retentionDays: Int,
        tags: [String],
        createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.location = location
        self.locationDetails = locationDetails
        self.url = url
        self.username = username
        self.hasPassword = hasPassword
        self.isActive = isActive
        self.version = version
        self.segmentSeconds = segmentSeconds
        self.transport = transport
        self.audio = audio
        self.retentionDays = retentionDays
        self.tags = tags
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
