package import ObserverCore
import Postgres

/// A camera as the bucket knows it: without address, user and password.
package struct CatalogueCamera: Hashable, Sendable, Codable {
    /// A switching on or off.
    package struct Switch: Hashable, Sendable, Codable {
        package var at: Int64
        package var isActive: Bool
        package var actor: String

        package init(at: Int64, isActive: Bool, actor: String) {
            (self.at, self.isActive, self.actor) = (at, isActive, actor)
        }

        private enum CodingKeys: String, CodingKey {
            case at = "at_us"
            case isActive = "is_active"
            case actor
        }
    }

    package var id: Int64
    package var name: String
    package var location: String
    package var locationDetails: String?
    package var tags: [String]
    package var retentionDays: Int
    package var segmentSeconds: Int
    package var priority: Int
    package var audio: String
    package var isActive: Bool
    package var version: Int64
    /// In microseconds since 1970.
    package var createdAt: Int64
    package var deletedAt: Int64?
    package var discardsRecordings: Bool

    private enum CodingKeys: String, CodingKey {
        case id, name, location, tags, priority, audio, version
        case locationDetails = "location_details"
        case retentionDays = "retention_days"
        case segmentSeconds = "segment_seconds"
        case isActive = "is_active"
        case createdAt = "created_us"
        case deletedAt = "deleted_us"
        case discardsRecordings = "discards_recordings"
    }

    init(reading row: inout PostgresRow) throws(PostgresError) {
        id = try row.next()
        name = try row.next()
        location = try row.next()
        locationDetails = try row.next()
        tags = try row.next()
        retentionDays = try row.next()
        segmentSeconds = try row.next()
        priority = try row.next()
        audio = try row.next()
        isActive = try row.next()
        version = try row.next()
        createdAt = try row.next(Timestamp.self).microseconds
        deletedAt = try row.next(Timestamp?.self)?.microseconds
        discardsRecordings = try row.next()
    }

    static let columns = """
        id, name, location, location_details, tags, retention_days, segment_seconds, priority::integer, audio, is_active, \
        version, created_at, deleted_at, discards_recordings
        """

    /// The camera of recordings of which nothing else is known; nothing of it is deleted because a setting is lost.
    package init(unknown id: CameraID, at now: Timestamp) {
        self.id = id.rawValue
        name = "Camera \(id)"
        location = "unknown"
        tags = []
        retentionDays = 3650
        segmentSeconds = 10
        priority = 0
        audio = "off"
        isActive = false
        version = 1
        createdAt = now.microseconds
        discardsRecordings = false
    }
}

/// A camera with its history.
package struct CatalogueCameraRecord: Hashable, Sendable {
    package var camera: CatalogueCamera
    package var switches: [CatalogueCamera.Switch]
    package var holds: [Hold]

    package init(_ camera: CatalogueCamera, switches: [CatalogueCamera.Switch] = [], holds: [Hold] = []) {
        (self.camera, self.switches, self.holds) = (camera, switches, holds)
    }
}
