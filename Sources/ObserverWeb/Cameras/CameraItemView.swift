import Mustache
import ObserverCore
import ObserverStore

/// The values of a camera's row in the table and of its tile on the wall.
struct CameraItemView {
    let viewer: Viewer
    let now: Timestamp
    /// The page that a plain form leads back to.
    let back: String

    func value(_ listing: CameraListing) -> MustacheValue {
        let camera = listing.camera
        let snapshot = SnapshotView(listing, now: now)
        return [
            "id": MustacheValue(camera.id.rawValue),
            "version": MustacheValue(camera.version),
            "name": .string(camera.name),
            "location": .string(camera.location),
            "location_details": MustacheValue(camera.locationDetails),
            "has_tags": .bool(!camera.tags.isEmpty),
            "tags": .list(camera.tags.map(MustacheValue.string)),
            "is_active": .bool(camera.isActive),
            "can_switch": .bool(viewer.canManage),
            "can_manage": .bool(viewer.canManage),
            "csrf": .string(viewer.csrf),
            "back": .string(back),
            "status": StateView.value(listing.status, now: now),
            "snapshot": MustacheValue(snapshot.address),
            "is_stale": .bool(snapshot.isStale),
            "snapshot_note": MustacheValue(snapshot.note),
            "picture": listing.snapshotAt.map { MustacheValue($0.milliseconds) } ?? .null,
            "live": .string(Links.live(camera.id)),
            "is_recording": .bool(listing.status.state == .recording),
            "last": Format.time(listing.status.lastFrameAt, now: now),
            "backlog": .string(Format.length(milliseconds: Format.milliseconds(listing.backlogSeconds.rounded(.up)))),
        ]
    }
}
