package import Mustache

/// One page: one template and the values it shows.
package protocol Page: Sendable {
    /// The template's name: `pages/cameras`.
    static var template: String { get }
    /// The title of the browser's tab.
    var title: String { get }
    /// The scripts in templates/static that add to it.
    var scripts: [String] { get }
    /// True if it uses the whole width of a large screen.
    var isWide: Bool { get }
    /// The values of the template.
    var value: MustacheValue { get }
}

extension Page {
    package var scripts: [String] { [] }
    package var isWide: Bool { false }
}
