/// A time of a camera that is protected from deletion, for a reason.
package struct Hold: Hashable, Sendable {
    /// The end of a hold.
    package struct Release: Hashable, Sendable {
        package var at: Timestamp
        package var actor: String
        package var reason: String

        package init(at: Timestamp, actor: String, reason: String) {
            self.at = at
            self.actor = actor
            self.reason = reason
        }
    }

    /// The protection by the store itself, in a bucket with Object Lock.
    package struct Protection: Hashable, Sendable {
        /// The objects that the store protects.
        package var objects: Int64
        /// Those for which it refused.
        package var refused: Int64
        /// The store's words about one of those.
        package var error: String?
        /// True if all was gone through at least once.
        package var isComplete: Bool

        package init(objects: Int64, refused: Int64 = 0, error: String? = nil, isComplete: Bool = false) {
            self.objects = objects
            self.refused = refused
            self.error = error
            self.isComplete = isComplete
        }
    }

    package var id: Int64
    package var camera: CameraID
    package var from: Timestamp
    package var to: Timestamp
    package var reason: String
    package var actor: String
    package var createdAt: Timestamp
    /// Nil while it protects.
    package var release: Release?
    /// Nil where the store does not protect by itself.
    package var protection: Protection?

    package init(
        id: Int64,
        camera: CameraID,
        from: Timestamp,
        to: Timestamp,
        reason: String,
        actor: String,
        createdAt: Timestamp,
        release: Release? = nil
    ) {
        self.id = id
        self.camera = camera
        self.from = from
        self.to = to
        self.reason = reason
        self.actor = actor
        self.createdAt = createdAt
        self.release = release
    }
}
