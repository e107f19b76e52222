package import Mustache
package import ObserverCore
package import ObserverStore

/// The table of cameras.
package struct CamerasPage: Page {
    package static let template = "pages/cameras"
    package let title = "Cameras"
    package let scripts = ["live.js"]

    /// The filter of the list.
    package struct Filter: Hashable, Sendable {
        package var text: String?
        package var tag: String?
        package var state: CameraState?
        package var after: CameraID?

        package init(text: String? = nil, tag: String? = nil, state: CameraState? = nil, after: CameraID? = nil) {
            self.text = text
            self.tag = tag
            self.state = state
            self.after = after
        }

        var isEmpty: Bool { text == nil && tag == nil && state == nil }
    }

    private let cameras: [CameraListing]
    private let hasMore: Bool
    private let overview: CameraOverview
    private let filter: Filter
    private let viewer: Viewer
    private let now: Timestamp

    /// The number of cameras on a page.
    package static let length = 100

    /// - Parameters:
    ///   - cameras: The cameras that match, at most one more than ``length``.
    ///   - overview: The counts of all cameras, regardless of the filter.
    ///   - filter: The filter.
    ///   - viewer: The user who sees the page.
    ///   - now: The present.
    package init(
        cameras: [CameraListing],
        overview: CameraOverview,
        filter: Filter,
        viewer: Viewer,
        now: Timestamp
    ) {
        self.cameras = Array(cameras.prefix(Self.length))
        hasMore = cameras.count > Self.length
        self.overview = overview
        self.filter = filter
        self.viewer = viewer
        self.now = now
    }

    package var value: MustacheValue {
        var value: [String: MustacheValue] = [
            "can_manage": .bool(viewer.canManage),
            "is_empty": .bool(overview.total == 0),
            "counts": .list(counts),
            "q": .string(filter.text ?? ""),
            "state": MustacheValue(filter.state?.rawValue),
            "has_tags": .bool(!overview.tags.isEmpty),
            "tags": MustacheValue(overview.tags) { tag in
                ["tag": .string(tag), "is_current": .bool(tag == filter.tag)]
            },
            "is_filtered": .bool(!filter.isEmpty),
            "filter_words": .string(filterWords),
            "has_rows": .bool(!cameras.isEmpty),
            "caption": .string(filter.isEmpty ? "All cameras" : "Cameras that match \(filterWords)"),
            // By number: a camera that leaves the filtered state stays on the page and shows its new state.
            "poll": .string("/api/v1/cameras/?ids=\(cameras.map(\.camera.id.description).joined(separator: ","))"),
            "rows": MustacheValue(cameras) { row($0) },
            "next": MustacheValue(nextLink),
        ]
        value.merge(StateView.words) { _, words in words }
        return .object(value)
    }

    // MARK: Parts

    private var counts: [MustacheValue] {
        let all: MustacheValue = [
            "href": .string(link(state: nil)), "is_current": .bool(filter.state == nil), "tone": "plain", "mark": nil,
            "word": "All", "count": MustacheValue(overview.total), "state": nil,
        ]
        let states = StateView.order.compactMap { state -> MustacheValue? in
            let count = overview.counts[state] ?? 0
            guard count > 0 || state == filter.state else { return nil }
            return [
                "href": .string(link(state: state)), "is_current": .bool(filter.state == state),
                "tone": .string(StateView.tone(state).rawValue), "mark": .string(StateView.mark(state)),
                "word": .string(StateView.word(state)), "count": MustacheValue(count),
                "state": .string(state.rawValue),
            ]
        }
        return [all] + states
    }

    private func link(state: CameraState?) -> String {
        Links.link(Links.cameras, [("state", state?.rawValue), ("q", filter.text), ("tag", filter.tag)])
    }

    private var here: String {
        Links.link(
            Links.cameras,
            [
                ("state", filter.state?.rawValue), ("q", filter.text), ("tag", filter.tag),
                ("after", filter.after?.description),
            ]
        )
    }

    private var nextLink: String? {
        guard hasMore, let last = cameras.last else { return nil }
        return Links.link(
            Links.cameras,
            [
                ("state", filter.state?.rawValue), ("q", filter.text), ("tag", filter.tag),
                ("after", last.camera.id.description),
            ]
        )
    }

    private var filterWords: String {
        [
            filter.text.map { "“\($0)”" }, filter.tag.map { "the tag \($0)" },
            filter.state.map { "the state \(StateView.word($0).lowercased())" },
        ].compactMap { $0 }.joined(separator: ", ")
    }

    private func row(_ listing: CameraListing) -> MustacheValue {
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
            "back": .string(here),
            "status": StateView.value(listing.status, now: now),
            "snapshot": MustacheValue(snapshot.address),
            "is_stale": .bool(snapshot.isStale),
            "snapshot_note": MustacheValue(snapshot.note),
            "last": Format.time(listing.lastRecordingEnd, now: now),
            "backlog": .string(Format.fineLength(milliseconds: Format.milliseconds(listing.backlogSeconds))),
        ]
    }
}
