import HTTPRouting
import HTTPTypes
package import Mustache
import ObserverCore

/// The exports that are being sent, with a button to stop each.
package struct RunningExportsPage: Page {
    package static let template = "pages/exports"
    private let exports: [ExportRegistry.Running]
    private let csrf: String

    package init(_ exports: [ExportRegistry.Running], csrf: String) {
        self.exports = exports
        self.csrf = csrf
    }

    package var title: String { "Exports" }

    package var value: MustacheValue {
        [
            "has_exports": .bool(!exports.isEmpty),
            "csrf": .string(csrf),
            "exports": .list(
                exports.map { export in
                    let share = export.totalBytes > 0 ? Double(export.sentBytes) / Double(export.totalBytes) : 0
                    return [
                        "id": .string(String(export.id)),
                        "name": .string(export.name),
                        "owner": .string(export.owner),
                        "since": .string(export.since.rfc3339),
                        "clock": .string(Format.clock(export.since)),
                        "percent": .string(String(Int(share * 100))),
                        "sent": .string(Format.size(export.sentBytes)),
                        "total": .string(Format.size(export.totalBytes)),
                    ]
                }
            ),
            "key_address": .string("/api/v1/exports/key"),
            "verify_address": .string("/api/v1/controller/static/verify.html"),
        ]
    }
}

/// The handlers of that page.
enum RunningExportsPageHandlers {
    /// One's own exports; for administrators everybody's.
    @Sendable static func show(_ request: WebRequest) throws -> HTTPResponse {
        let viewer = try request.signedIn()
        let actor = try request.actor()
        let shown = request.context.exports.registry.all.filter {
            viewer.role == .admin || $0.owner == actor.description
        }
        return try request.answer(RunningExportsPage(shown, csrf: viewer.csrf))
    }

    /// Stops one.
    @Sendable static func stop(_ request: WebRequest) throws -> HTTPResponse {
        try RunningExportsAPI.stop(request.parameters.int("id"), request)
        return request.redirect(Links.exports)
    }
}
