package import Mustache
import ObserverCore

/// Renders pages as HTML.
package struct PageRenderer: Sendable {
    private let templates: TemplateLibrary

    /// Creates a renderer for compiled templates.
    package init(_ templates: TemplateLibrary) {
        self.templates = templates
    }

    /// Renders a page inside the layout.
    package func render(
        _ page: some Page,
        for viewer: Viewer?,
        notice: String? = nil,
        troubles: [String] = []
    ) throws(MustacheError) -> [UInt8] {
        let zone = viewer?.zone ?? .utc
        let content = try templates.render(type(of: page).template, Self.written(page.value, in: zone))
        return try templates.render(
            "layout",
            [
                "title": .string(page.title),
                "zone": zone.name == "UTC" ? .null : .string(zone.name),
                "user": viewer.map { viewer in
                    [
                        "name": .string(viewer.name), "role": .string(viewer.role.rawValue),
                        "csrf": .string(viewer.csrf),
                    ]
                } ?? .null,
                "at_account": .bool(page is AccountPage),
                "at_cameras": .bool(page is CamerasPage),
                "at_wall": .bool(page is WallPage),
                "at_exports": .bool(page is RunningExportsPage),
                "at_recorders": .bool(page is RecordersPage),
                "at_storage": .bool(page is StoragePage || page is FailedUploadsPage),
                "scripts": .list(page.scripts.map(MustacheValue.string)),
                "is_wide": .bool(page.isWide),
                "notice": MustacheValue(notice),
                "trouble": MustacheValue(troubles.isEmpty ? nil : troubles.joined(separator: " ")),
                "content": .html(content),
            ]
        )
    }

    /// Renders a part of a page, without the layout.
    package func render(part template: String, _ value: MustacheValue) throws(MustacheError) -> [UInt8] {
        try templates.render(template, value)
    }
}
