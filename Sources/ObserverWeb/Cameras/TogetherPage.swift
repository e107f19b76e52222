package import Mustache
package import ObserverCore
package import ObserverStore

/// Several cameras at one moment.
package struct TogetherPage: Page {
    package static let template = "pages/together"
    package let scripts = ["together.js"]
    /// The most cameras of one page: what a browser decodes at once.
    package static let most = 9
    /// The most cameras to choose from.
    static let mostChoices = 200
    /// The length of the timelines, in seconds.
    private static let stretch: Int64 = 3600

    private let cameras: [CameraListing]
    private let choices: [CameraListing]
    private let moment: Timestamp?
    private let now: Timestamp

    /// - Parameters:
    ///   - cameras: The cameras that are shown, at most ``most``.
    ///   - choices: The cameras that others can be chosen of.
    ///   - moment: The moment that is shown; nil for a minute ago.
    ///   - now: The present.
    package init(cameras: [CameraListing], choices: [CameraListing], moment: Timestamp?, now: Timestamp) {
        self.cameras = cameras
        self.choices = choices
        self.moment = moment
        self.now = now
    }

    package var title: String { "Several cameras in step" }

    package var value: MustacheValue {
        let shown = Set(cameras.map(\.camera.id))
        let end = moment.map { min($0.advanced(bySeconds: Self.stretch / 2), now) } ?? now
        var value: [String: MustacheValue] = [
            "title": .string(title),
            "has_cameras": .bool(!cameras.isEmpty),
            "count": MustacheValue(cameras.count),
            "cameras": .list(cameras.map(tile)),
            "choices": .list(choices.map { choice($0, isShown: shown.contains($0.camera.id)) }),
            "no_choices": .bool(choices.isEmpty),
            "moment": MustacheValue(moment?.rfc3339),
            "at_input": .string(moment.map(CameraPage.field) ?? ""),
            "timeline_from": .string(end.advanced(bySeconds: -Self.stretch).rfc3339),
            "timeline_to": .string(end.rfc3339),
        ]
        value.merge(StateView.words) { _, words in words }
        return .object(value)
    }

    private func tile(_ listing: CameraListing) -> MustacheValue {
        let query = [("at", moment?.rfc3339)]
        return [
            "id": MustacheValue(listing.camera.id.rawValue),
            "name": .string(listing.camera.name),
            "snapshot": MustacheValue(SnapshotView(listing, now: now).address),
            "href": .string(Links.link(Links.camera(listing.camera.id), query)),
        ]
    }

    private func choice(_ listing: CameraListing, isShown: Bool) -> MustacheValue {
        [
            "id": MustacheValue(listing.camera.id.rawValue), "name": .string(listing.camera.name),
            "is_shown": .bool(isShown),
        ]
    }
}
