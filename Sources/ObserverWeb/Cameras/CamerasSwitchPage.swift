package import Mustache
import ObserverCore

/// The question before all cameras of a list are switched on or off.
package struct CamerasSwitchPage: Page {
    package static let template = "pages/cameras-switch"
    /// The most names that are written out.
    private static let mostNames = 12

    private let names: [String]
    private let isOn: Bool
    private let filter: CameraFilter
    private let csrf: String

    /// - Parameters:
    ///   - names: The cameras that would change.
    ///   - isOn: True to switch them on.
    ///   - filter: The filter of the list.
    ///   - csrf: The token of the form.
    package init(names: [String], isOn: Bool, filter: CameraFilter, csrf: String) {
        self.names = names
        self.isOn = isOn
        self.filter = filter
        self.csrf = csrf
    }

    package var title: String { "Switch \(isOn ? "on" : "off") \(Format.count(Int64(names.count), "cameras"))" }

    package var value: MustacheValue {
        let rest = names.count - Self.mostNames
        return [
            "heading": .string(title + "?"),
            "submit": .string(title),
            "is_on": .bool(isOn),
            "action": .string(isOn ? Links.camerasOn : Links.camerasOff),
            "csrf": .string(csrf),
            "count": MustacheValue(names.count),
            "names": .list(names.prefix(Self.mostNames).map(MustacheValue.string)),
            "rest": MustacheValue(rest > 0 ? "and \(rest) more" : nil),
            "back": .string(filter.link(Links.cameras)),
            "q": MustacheValue(filter.text),
            "tag": MustacheValue(filter.tag),
            "state": MustacheValue(filter.state?.rawValue),
        ]
    }
}
