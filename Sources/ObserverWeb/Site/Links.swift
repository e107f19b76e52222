import HTTPRouting
import ObserverCore

/// The addresses of pages, snapshots and recordings.
enum Links {
    static let pages = "/api/v1/controller"
    static let cameras = pages + "/"
    static let wall = pages + "/wall"
    /// Several cameras in step.
    static let together = pages + "/together"
    static let cameraParts = pages + "/cameras/parts"
    static let camerasOn = pages + "/cameras/on"
    static let camerasOff = pages + "/cameras/off"
    static let recorders = pages + "/recorders"
    static let storage = pages + "/storage"
    static let exports = pages + "/exports"
    static let failedUploads = storage + "/failed"
    static let newCamera = pages + "/cameras/new"
    static let account = pages + "/account"
    static let signIn = pages + "/sign-in"
    static let signOut = pages + "/sign-out"

    static func camera(_ id: CameraID) -> String { "\(pages)/cameras/\(id)" }
    static func edit(_ id: CameraID) -> String { camera(id) + "/edit" }
    static func delete(_ id: CameraID) -> String { camera(id) + "/delete" }

    /// The live picture, for `live-view.js`.
    static func live(_ id: CameraID) -> String { "/api/v1/cameras/\(id)/live.mp4" }

    /// The newest snapshot; the time gives each snapshot an address of its own.
    static func snapshot(_ id: CameraID, _ at: Timestamp) -> String {
        "/api/v1/cameras/\(id)/snapshot.jpg?t=\(at.milliseconds)"
    }

    /// A stretch of a camera's recordings as a file to keep.
    static func export(_ id: CameraID, from: Timestamp, to: Timestamp) -> String {
        link("/api/v1/cameras/\(id)/export.mp4", [("from", from.rfc3339), ("to", to.rfc3339)])
    }

    static func video(_ id: SegmentID) -> String { "/api/v1/segments/\(id).mp4" }

    /// An address with a query; parts without a value are left out.
    static func link(_ path: String, _ query: [(String, String?)], anchor: String? = nil) -> String {
        let fields = FormFields(query.compactMap { name, value in value.map { (name: name, value: $0) } })
        let text = fields.encoded
        return path + (text.isEmpty ? "" : "?" + text) + (anchor.map { "#" + $0 } ?? "")
    }

    /// The address of a page to go back to; any other address leads to the cameras, so no redirect leaves this site.
    static func inside(_ text: String?) -> String {
        guard let text, text.hasPrefix(cameras), text.utf8.count <= 500,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return cameras }
        return text
    }
}
