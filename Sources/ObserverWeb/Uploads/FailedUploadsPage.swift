package import Mustache
package import ObserverCore
package import ObserverStore

/// The page of segments that the store has refused, or that are not what was recorded.
package struct FailedUploadsPage: Page {
    package static let template = "pages/failed-uploads"
    private let entries: [FailedUploadStore.Entry]
    private let counts: [CameraID: Int64]
    private let names: [CameraID: String]
    private let camera: CameraID?
    private let hasMore: Bool
    private let viewer: Viewer
    private let now: Timestamp

    package init(
        entries: [FailedUploadStore.Entry],
        counts: [CameraID: Int64],
        names: [CameraID: String],
        camera: CameraID? = nil,
        hasMore: Bool = false,
        viewer: Viewer,
        now: Timestamp
    ) {
        self.entries = entries
        self.counts = counts
        self.names = names
        self.camera = camera
        self.hasMore = hasMore
        self.viewer = viewer
        self.now = now
    }

    package var title: String { "Failed uploads" }

    package var value: MustacheValue {
        let total = counts.values.reduce(0, +)
        return [
            "csrf": .string(viewer.csrf),
            "may_change": .bool(viewer.role >= .operator),
            "summary": .string(
                total == 0 ? "No upload has failed." : "\(Format.count(total, "recordings")) could not be uploaded."
            ),
            "has_rows": .bool(!entries.isEmpty),
            "rows": .list(entries.map(row)),
            "cameras": .list(counts.keys.sorted().map(cameraRow)),
            "has_cameras": .bool(counts.count > 1 || camera != nil),
            "next": next,
        ]
    }

    private func name(_ camera: CameraID) -> String { names[camera] ?? "Camera \(camera)" }

    private func row(_ entry: FailedUploadStore.Entry) -> MustacheValue {
        let segment = entry.record.segment
        return [
            "id": .string(segment.id.description),
            "csrf": .string(viewer.csrf),
            "camera": .string(name(segment.header.cameraID)),
            "started": Format.time(segment.startedAt, now: now),
            "size": .string(Format.size(segment.media.bytes)),
            "tries": MustacheValue(entry.record.tries),
            "error": .string(entry.record.error ?? "unknown"),
            "recorder": .string(segment.header.origin.recorder),
            "asked": Format.time(entry.retryAskedAt, now: now),
        ]
    }

    private func cameraRow(_ id: CameraID) -> MustacheValue {
        [
            "id": MustacheValue(id.rawValue),
            "csrf": .string(viewer.csrf),
            "name": .string(name(id)),
            "link": .string(Links.link(Links.failedUploads, [("camera_id", "\(id)")])),
            "count": .string(Format.count(counts[id] ?? 0, "recordings")),
        ]
    }

    private var next: MustacheValue {
        guard hasMore, let last = entries.last?.record.segment.id else { return .null }
        let query = [("camera_id", camera.map { "\($0)" }), ("after", last.description as String?)]
        return .string(Links.link(Links.failedUploads, query))
    }
}
