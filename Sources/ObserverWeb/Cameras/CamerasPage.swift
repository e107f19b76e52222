package import Mustache
import ObserverStore

/// The table of cameras.
package struct CamerasPage: Page {
    package static let template = "pages/cameras"
    package let title = "Cameras"
    package let scripts = ["cameras.js"]
    package let isWide = true

    /// The number of cameras on a page.
    package static let length = 100

    private let list: CameraListView

    package init(_ list: CameraListView) {
        self.list = list
    }

    package var value: MustacheValue {
        var values = list.values(at: Links.cameras, length: Self.length, part: .row)
        values["all_words"] = .string(allWords)
        values["bulk_on"] = .string(list.filter.link(Links.camerasOn, after: list.filter.after))
        values["bulk_off"] = .string(list.filter.link(Links.camerasOff, after: list.filter.after))
        return .object(values)
    }

    /// The cameras of all pages of the list.
    private var allWords: String {
        let count = list.glances.matching.count
        return count == 1 ? "the only one" : list.filter.isEmpty ? "all \(count)" : "all \(count) that match"
    }
}
