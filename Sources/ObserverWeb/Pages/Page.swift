package import Mustache
package import ObserverCore

/// One page: one template and the values it shows.
package protocol Page: Sendable {
    /// The template's name: `pages/cameras`.
    static var template: String { get }
    /// Stands in the browser's tab.
    var title: String { get }
    /// The scripts in templates/static that add to it.
    var scripts: [String] { get }
    /// What the template shows.
    var value: MustacheValue { get }
}

extension Page {
    package var scripts: [String] { [] }
}

/// Who looks at a page.
package struct Viewer: Hashable, Sendable {
    package let name: String
    package let role: Role
    /// What every form must carry.
    package let csrf: String

    package init(name: String, role: Role, csrf: String) {
        self.name = name
        self.role = role
        self.csrf = csrf
    }

    /// Whether this person may switch, add, edit and delete cameras.
    var canManage: Bool { role >= .operator }
}

/// What was just done, told once on the page that follows: `?done=added`.
enum Notice: String, CaseIterable {
    case added
    case saved
    case unchanged
    case deleted
    case on
    case off
    case signedOut = "signed-out"

    var text: String {
        switch self {
        case .added: "The camera was added."
        case .saved: "The changes were saved."
        case .unchanged: "Nothing was different, so nothing was changed."
        case .deleted: "The camera was deleted. Its recordings stay in the object store."
        case .on: "The camera was switched on."
        case .off: "The camera was switched off."
        case .signedOut: "You are signed out."
        }
    }
}

/// Makes HTML of pages.
package struct PageRenderer: Sendable {
    private let templates: TemplateLibrary

    /// Takes the compiled templates.
    package init(_ templates: TemplateLibrary) {
        self.templates = templates
    }

    /// Renders a page inside the layout.
    package func render(
        _ page: some Page,
        for viewer: Viewer?,
        notice: String? = nil
    ) throws(MustacheError) -> [UInt8] {
        let content = try templates.render(type(of: page).template, page.value)
        return try templates.render(
            "layout",
            [
                "title": .string(page.title),
                "user": viewer.map { viewer in
                    [
                        "name": .string(viewer.name), "role": .string(viewer.role.rawValue),
                        "csrf": .string(viewer.csrf),
                    ]
                } ?? .null,
                "at_cameras": .bool(page is CamerasPage),
                "scripts": .list(page.scripts.map(MustacheValue.string)),
                "notice": MustacheValue(notice),
                "content": .html(content),
            ]
        )
    }
}
