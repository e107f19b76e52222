import Mustache
import ObserverCore
import ObserverStore

extension CameraPage {
    /// The length of the timeline that the page opens with, and half of that around a moment, in seconds.
    private static let openedSeconds: Int64 = 86_400
    private static let aroundSeconds: Int64 = 1800
    /// The range that the form to save one begins with, in seconds.
    private static let savedSeconds: Int64 = 300

    /// The values of the stage: the moment that is shown, and what its script and its forms begin with.
    var watching: [String: MustacheValue] {
        let camera = listing.camera
        let shown = moment ?? playing?.record.segment.startedAt
        let opened = shown.map { $0.advanced(bySeconds: -Self.aroundSeconds) }
        let start = opened ?? now.advanced(bySeconds: -Self.openedSeconds)
        let end = min(shown?.advanced(bySeconds: Self.aroundSeconds) ?? now, now)
        let savedTo = min(shown?.advanced(bySeconds: Self.savedSeconds) ?? now, now)
        return [
            "moment": MustacheValue(moment?.rfc3339),
            "nothing_at": MustacheValue(nothingThere),
            "timeline_from": .string(start.rfc3339),
            "timeline_to": .string(end.rfc3339),
            "export_from": .string(Self.field(shown ?? now.advanced(bySeconds: -Self.savedSeconds))),
            "export_to": .string(Self.field(savedTo)),
            "is_one": true,
            "has_sound": .bool(camera.audio != .off),
            "snapshot_address": .string("/api/v1/cameras/\(camera.id)/snapshot.jpg"),
        ]
    }

    /// A sentence in place of a recording that is not there.
    private var nothingThere: String? {
        guard let moment, playing == nil else { return nil }
        return "Nothing was recorded at \(Format.exact(moment))."
    }

    /// A moment as a field of a form has it, in UTC.
    static func field(_ moment: Timestamp) -> String { String(moment.rfc3339.prefix(19)) }
}
