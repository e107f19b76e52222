/// The identity of a stream: its camera, and which of the camera's streams it is.
///
/// In JSON it is two fields of the object that it belongs to: `"camera_id": 7, "stream": "main"`.
package struct StreamID: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let camera: CameraID
    package let kind: StreamKind

    private enum CodingKeys: String, CodingKey {
        case camera = "camera_id"
        case kind = "stream"
    }

    package init(_ camera: CameraID, _ kind: StreamKind) {
        self.camera = camera
        self.kind = kind
    }

    /// `7/main`, as in object keys.
    package var description: String { "\(camera)/\(kind.rawValue)" }

    package static func < (left: StreamID, right: StreamID) -> Bool {
        (left.camera, left.kind) < (right.camera, right.kind)
    }
}
