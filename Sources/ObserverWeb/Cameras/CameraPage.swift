package import Mustache
package import ObserverCore
package import ObserverStore

/// One camera: its snapshot or a recording, its state, its settings and its recordings of a day.
package struct CameraPage: Page {
    package static let template = "pages/camera"
    package let scripts = ["live.js", "camera.js"]

    let listing: CameraListing
    private let recordings: RecordingsView
    let playing: Playing?
    let moment: Timestamp?
    private let viewer: Viewer
    let now: Timestamp

    /// The segment that plays, and its neighbours in time.
    package struct Playing: Sendable {
        package var record: SegmentRecord
        package var previous: SegmentID?
        package var next: SegmentID?

        package init(record: SegmentRecord, previous: SegmentID?, next: SegmentID?) {
            self.record = record
            self.previous = previous
            self.next = next
        }
    }

    package init(
        listing: CameraListing,
        recordings: RecordingsView,
        playing: Playing?,
        moment: Timestamp? = nil,
        viewer: Viewer,
        now: Timestamp
    ) {
        self.listing = listing
        self.recordings = recordings
        self.playing = playing
        self.moment = moment
        self.viewer = viewer
        self.now = now
    }

    package var title: String { listing.camera.name }

    package var value: MustacheValue {
        let camera = listing.camera
        let snapshot = SnapshotView(listing, now: now)
        var value: [String: MustacheValue] = [
            "id": MustacheValue(camera.id.rawValue),
            "version": MustacheValue(camera.version),
            "name": .string(camera.name),
            "location": .string(camera.location),
            "location_details": MustacheValue(camera.locationDetails),
            "is_active": .bool(camera.isActive),
            "can_switch": .bool(viewer.canManage),
            "can_manage": .bool(viewer.canManage),
            "can_retry": .bool(viewer.canManage && listing.status.state == .retrying),
            "csrf": .string(viewer.csrf),
            "back": .string(Links.camera(camera.id)),
            "poll": .string("/api/v1/cameras/\(camera.id)"),
            "status": StateView.value(listing.status, now: now),
            "snapshot": MustacheValue(snapshot.address),
            "snapshot_at": Format.time(listing.snapshotAt, now: now),
            "is_stale": .bool(playing == nil && snapshot.isStale),
            "width": MustacheValue(playing?.record.segment.media.width ?? listing.status.video?.width ?? 640),
            "height": MustacheValue(playing?.record.segment.media.height ?? listing.status.video?.height ?? 360),
            "playing": playing.map(playingValue) ?? .null,
            "facts": .list(facts),
            "settings": .list(settings),
        ]
        value.merge(recordings.values(now: now, playing: playing?.record.segment.id)) { _, own in own }
        value.merge(StateView.words) { _, words in words }
        value.merge(watching) { _, own in own }
        return .object(value)
    }

    // MARK: Parts

    private func playingValue(_ playing: Playing) -> MustacheValue {
        func link(_ id: SegmentID?) -> MustacheValue {
            MustacheValue(
                id.map { Links.link(Links.camera(listing.camera.id), [("segment", $0.description)], anchor: "player") }
            )
        }
        return [
            "id": .string(playing.record.segment.id.description),
            "camera_id": MustacheValue(listing.camera.id.rawValue),
            "src": .string(Links.video(playing.record.segment.id)),
            "save": .string(
                Links.export(
                    listing.camera.id,
                    from: playing.record.segment.startedAt,
                    to: playing.record.segment.endedAt
                )
            ),
            "at": Format.time(playing.record.segment.startedAt, now: now),
            "previous": link(playing.previous),
            "next": link(playing.next),
        ]
    }

    private var facts: [MustacheValue] {
        let status = listing.status
        let video = status.video
        return [
            fact("Last frame", at: status.lastFrameAt, live: "last_frame"),
            fact("Last recording", at: listing.lastRecordingEnd, live: "last"),
            fact(
                "To upload",
                Format.fineLength(milliseconds: Format.milliseconds(listing.backlogSeconds)),
                live: "backlog"
            ),
            fact("Video", video.map(Self.describe) ?? "unknown", live: "video"),
            fact(
                "Bit rate",
                video.flatMap { $0.bitrate > 0 ? Format.bitrate($0.bitrate) : nil } ?? "unknown",
                live: "bitrate"
            ),
            fact("Recorder", status.recorder ?? "none", live: "recorder"),
            fact("Reconnects", String(status.reconnects), live: "reconnects"),
        ]
    }

    /// The fields that are neither in the heading nor the switch, in the order of the form.
    private var settings: [MustacheValue] {
        let elsewhere: Set = ["name", "location", "location_details", "is_active"]
        let fields = CameraField.Group.allCases.flatMap { CameraField.fields(of: $0) }
        let rows = fields.filter { !elsewhere.contains($0.name) }.map { field in
            setting(field.label, text(of: field), isCode: field.isAddress)
        }
        let camera = listing.camera
        return rows + [
            setting("Number", camera.id.description), setting("Changed", Format.exact(camera.updatedAt)),
        ]
    }

    private func text(of field: CameraField) -> String {
        if field.isPassword { return listing.camera.hasPassword ? "stored" : "none" }
        switch (field.value(of: listing.camera), field.kind) {
        case (.string(let word), .choice(let choices)): return choices.first { $0.word == word }?.label ?? word
        case (.string(let text), _): return text
        case (.integer(let number), .integer(_, let unit?)): return Format.count(number, unit)
        case (.integer(let number), _): return String(number)
        case (.list(let items), _) where !items.isEmpty:
            return items.compactMap { if case .string(let tag) = $0 { tag } else { nil } }.joined(separator: ", ")
        default: return "none"
        }
    }

    private func fact(_ term: String, _ text: String, live: String) -> MustacheValue {
        ["term": .string(term), "text": .string(text), "time": nil, "live": .string(live)]
    }

    private func fact(_ term: String, at moment: Timestamp?, live: String) -> MustacheValue {
        ["term": .string(term), "text": "none", "time": Format.time(moment, now: now), "live": .string(live)]
    }

    private func setting(_ term: String, _ text: String, isCode: Bool = false) -> MustacheValue {
        ["term": .string(term), "text": .string(text), "is_code": .bool(isCode)]
    }

    /// The video in a few words: `H.264, 1920 × 1080, 25 fps`.
    static func describe(_ video: VideoInfo) -> String {
        let codec =
            switch video.codec {
            case "h264": "H.264"
            case "hevc": "H.265"
            case "av1": "AV1"
            case "mjpeg": "MJPEG"
            default: video.codec
            }
        var parts = [codec, "\(video.width) × \(video.height)"]
        if video.fps > 0 {
            let text = Format.decimal(video.fps)
            parts.append("\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text) fps")
        }
        return parts.joined(separator: ", ")
    }
}
