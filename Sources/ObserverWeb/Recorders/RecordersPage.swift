package import Mustache
package import ObserverCore
package import ObserverStore

/// The table of recorders: who is alive, since when, and with which cameras.
package struct RecordersPage: Page {
    package static let template = "pages/recorders"
    private let recorders: [RecorderListing]
    private let uploaders: [UploaderListing]
    private let now: Timestamp

    package init(recorders: [RecorderListing], uploaders: [UploaderListing] = [], now: Timestamp) {
        self.recorders = recorders
        self.uploaders = uploaders
        self.now = now
    }

    package var title: String { "Recorders" }

    package var value: MustacheValue {
        [
            "has_rows": .bool(!recorders.isEmpty),
            "rows": .list(recorders.map(row)),
            "has_uploaders": .bool(!uploaders.isEmpty),
            "uploaders": .list(uploaders.map { UploaderView($0, now: now).value }),
        ]
    }

    private func row(_ recorder: RecorderListing) -> MustacheValue {
        let (word, mark, tone) = Self.words(recorder.state)
        return [
            "id": .string(recorder.id),
            "version": .string(recorder.version),
            "word": .string(word),
            "mark": .string(mark),
            "tone": .string(tone.rawValue),
            "since": Format.time(recorder.startedAt, now: now),
            "incarnation": MustacheValue(recorder.incarnation),
            "heartbeat": .string("\(Format.fineLength(milliseconds: recorder.heartbeatAgeMilliseconds)) ago"),
            "load": .string("\(Int((min(max(recorder.load, 0), 4096) * 100).rounded())) %"),
            "cameras": MustacheValue(recorder.cameras.count),
            "recording": MustacheValue(recorder.recording),
            "bitrate": .string(Format.bitrate(Int(clamping: recorder.bitrate))),
            "backlog": .string(Format.fineLength(milliseconds: recorder.backlogMilliseconds)),
            "spool": .string(recorder.spoolID.description),
        ]
    }

    static func words(_ state: RecorderListing.State) -> (word: String, mark: String, tone: StateView.Tone) {
        switch state {
        case .alive: ("Alive", "recording", .recording)
        case .draining: ("Ending", "connecting", .plain)
        case .stopped: ("Stopped", "off", .quiet)
        case .silent: ("Silent", "failing", .failing)
        case .fenced: ("Taken for dead", "unassigned", .failing)
        }
    }
}
