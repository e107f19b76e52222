package import Mustache

/// The wall: the pictures of up to sixteen cameras at a time, live where they are seen.
package struct WallPage: Page {
    package static let template = "pages/wall"
    package let title = "Wall"
    package let scripts = ["wall.js"]
    package let isWide = true

    /// The number of cameras on a page.
    package static let length = 16

    private let list: CameraListView

    package init(_ list: CameraListView) {
        self.list = list
    }

    package var value: MustacheValue { .object(list.values(at: Links.wall, length: Self.length, part: .tile)) }
}
