import Mustache
package import ObserverCore
package import ObserverStore

/// The common parts of the table and the wall: counts, the filter, the pages, and the small answer that keeps them up to date.
package struct CameraListView: Sendable {
    /// The cameras of the page, with what they do.
    let cameras: [CameraListing]
    let glances: CameraGlances
    /// Every tag in use.
    let tags: [String]
    let filter: CameraFilter
    let viewer: Viewer
    let now: Timestamp

    /// - Parameters:
    ///   - cameras: The cameras of the page.
    ///   - glances: All cameras at the same moment.
    ///   - tags: Every tag in use.
    ///   - filter: The filter.
    ///   - viewer: The user who sees the page.
    ///   - now: The present.
    package init(
        cameras: [CameraListing],
        glances: CameraGlances,
        tags: [String] = [],
        filter: CameraFilter = CameraFilter(),
        viewer: Viewer,
        now: Timestamp
    ) {
        self.cameras = cameras
        self.glances = glances
        self.tags = tags
        self.filter = filter
        self.viewer = viewer
        self.now = now
    }

    /// The values that both templates use.
    ///
    /// - Parameters:
    ///   - path: The page's address.
    ///   - length: The number of cameras on a page.
    ///   - part: The form in which a camera that comes later is fetched.
    /// - Returns: The values by name.
    func values(at path: String, length: Int, part: CameraPart) -> [String: MustacheValue] {
        let view = CameraItemView(viewer: viewer, now: now, back: filter.link(path, after: filter.after))
        let states = filter.fields + [("limit", String(length)), ("after", filter.after?.description)]
        var values: [String: MustacheValue] = [
            "here": .string(path),
            "can_manage": .bool(viewer.canManage),
            "csrf": .string(viewer.csrf),
            "is_empty": .bool(glances.total == 0),
            "counts": .list(counts(at: path)),
            "q": .string(filter.text ?? ""),
            "state": MustacheValue(filter.state?.rawValue),
            "tag": MustacheValue(filter.tag),
            "has_tags": .bool(!tags.isEmpty),
            "tags": MustacheValue(tags) { tag in ["tag": .string(tag), "is_current": .bool(tag == filter.tag)] },
            "is_filtered": .bool(!filter.isEmpty),
            "filter_words": .string(filter.words),
            "has_rows": .bool(!cameras.isEmpty),
            "caption": .string(filter.isEmpty ? "All cameras" : "Cameras that match \(filter.words)"),
            "poll": .string(Links.link(CameraListView.statesPath, states)),
            "keeps": .bool(filter.state != nil),
            "parts": .string(Links.link(Links.cameraParts, [("as", part.rawValue)])),
            "rows": MustacheValue(cameras) { view.value($0) },
            "table": .string(filter.link(Links.cameras)),
            "wall": .string(filter.link(Links.wall)),
            "matching": MustacheValue(glances.matching.count),
        ]
        values.merge(pages(at: path, length: length)) { _, new in new }
        values.merge(StateView.words) { _, words in words }
        return values
    }

    private static let statesPath = CamerasAPI.path + "states"

    // MARK: Parts

    private func counts(at path: String) -> [MustacheValue] {
        var all = filter
        all.state = nil
        let first: MustacheValue = [
            "href": .string(all.link(path)), "is_current": .bool(filter.state == nil), "tone": "plain", "mark": nil,
            "word": "All", "count": MustacheValue(glances.total), "state": "all", "is_hidden": false,
        ]
        return [first]
            + StateView.order.map { state in
                let count = glances.counts[state] ?? 0
                var one = filter
                one.state = state
                return [
                    "href": .string(one.link(path)), "is_current": .bool(filter.state == state),
                    "tone": .string(StateView.tone(state).rawValue), "mark": .string(StateView.mark(state)),
                    "word": .string(StateView.word(state)), "count": MustacheValue(count),
                    "state": .string(state.rawValue), "is_hidden": .bool(count == 0 && state != filter.state),
                ]
            }
    }

    /// The pages before and after this one, by the numbers of all that match.
    private func pages(at path: String, length: Int) -> [String: MustacheValue] {
        let all = glances.matching
        let begin = filter.after.map { after in all.firstIndex { $0 > after } ?? all.count } ?? 0
        let end = min(begin + length, all.count)
        guard begin > 0 || end < all.count else {
            return ["has_pages": false, "previous": nil, "next": nil, "range": nil]
        }
        let before = begin > length ? all[begin - length - 1] : nil
        return [
            "has_pages": true,
            "previous": begin > 0 ? .string(filter.link(path, after: before)) : nil,
            "next": end < all.count && end > begin ? .string(filter.link(path, after: all[end - 1])) : nil,
            "range": .string(begin < end ? "\(begin + 1) to \(end) of \(all.count)" : "none of \(all.count)"),
        ]
    }
}

/// The form in which a camera is fetched that has come to a page.
enum CameraPart: String, CaseIterable {
    case row
    case tile
}
