package import Mustache
import ObserverConfiguration
package import ObserverCore

/// The page on which people set their time zone.
package struct AccountPage: Page {
    package static let template = "pages/account"
    package let scripts = ["time.js"]

    private let viewer: Viewer
    private let zone: String?
    private let error: String?
    private let now: Timestamp

    /// - Parameters:
    ///   - viewer: The person.
    ///   - zone: The zone that is chosen, or that was typed; nil: that of the browser.
    ///   - error: The reason why what was typed was not saved.
    ///   - now: The present.
    package init(viewer: Viewer, zone: String?, error: String? = nil, now: Timestamp) {
        self.viewer = viewer
        self.zone = zone
        self.error = error
        self.now = now
    }

    package var title: String { error == nil ? "My account" : "Error: My account" }

    package var value: MustacheValue {
        [
            "name": .string(viewer.name),
            "role": .string(viewer.role.rawValue),
            "csrf": .string(viewer.csrf),
            "zone": MustacheValue(zone),
            "error": MustacheValue(error),
            "shown": .string(viewer.zone.name),
            "example": .string(Format.title(now, in: viewer.zone)),
            "zones": .list(ZoneFiles.names.map(MustacheValue.string)),
        ]
    }
}
