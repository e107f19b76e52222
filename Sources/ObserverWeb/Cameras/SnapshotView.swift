import ObserverCore
import ObserverStore

/// A camera's newest snapshot, marked as stale when it no longer shows the present.
struct SnapshotView {
    let address: String?
    let isStale: Bool
    let note: String?

    init(_ listing: CameraListing, now: Timestamp) {
        guard let at = listing.snapshotAt else {
            (address, isStale, note) = (nil, false, nil)
            return
        }
        address = Links.snapshot(listing.camera.id, at)
        let age = max(0, now.milliseconds - at.milliseconds)
        // A dead camera must not look alive: the age of its last snapshot is shown.
        isStale = listing.status.state != .recording || age > 180_000
        note = isStale ? "\(Format.age(milliseconds: age)) old" : nil
    }
}

extension CameraListing {
    /// When the newest segment ended.
    var lastRecordingEnd: Timestamp? {
        lastRecording.map { $0.startedAt.advanced(byMilliseconds: $0.durationMilliseconds) }
    }
}
