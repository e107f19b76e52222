package import Mustache
package import ObserverCore

/// The page that asks for confirmation before a camera is deleted.
package struct CameraDeletePage: Page {
    package static let template = "pages/camera-delete"
    private let camera: Camera
    private let csrf: String

    package init(camera: Camera, csrf: String) {
        self.camera = camera
        self.csrf = csrf
    }

    package var title: String { "Delete \(camera.name)" }

    package var value: MustacheValue {
        [
            "id": MustacheValue(camera.id.rawValue),
            "version": MustacheValue(camera.version),
            "name": .string(camera.name),
            "is_active": .bool(camera.isActive),
            "retention": .string(camera.retentionDays == 1 ? "1 day is" : "\(camera.retentionDays) days are"),
            "csrf": .string(csrf),
        ]
    }
}
