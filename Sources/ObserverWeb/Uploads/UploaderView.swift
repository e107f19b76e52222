import Mustache
import ObserverCore
import ObserverStore

/// An uploader in the table of the page of recorders.
struct UploaderView {
    private let uploader: UploaderListing
    private let now: Timestamp

    init(_ uploader: UploaderListing, now: Timestamp) {
        self.uploader = uploader
        self.now = now
    }

    var value: MustacheValue {
        let report = uploader.report
        let (word, mark, tone) = Self.words(uploader.state)
        return [
            "name": .string(uploader.name),
            "word": .string(word),
            "mark": .string(mark),
            "tone": .string(tone.rawValue),
            "reported": .string("\(Format.fineLength(milliseconds: uploader.reportAgeMilliseconds)) ago"),
            "store": store,
            "detail": MustacheValue(uploader.state == .alive ? report.storeDetail : nil),
            "files": MustacheValue(report.backlogFiles),
            "bytes": .string(Format.size(report.backlogBytes)),
            "length": .string(Format.fineLength(milliseconds: report.backlogMilliseconds)),
            "oldest": Format.time(report.oldestAt, now: now),
            "rate": .string(Format.bitrate(Int(clamping: min(report.rate, 1 << 50) * 8))),
            "free": .string(Format.size(report.freeBytes)),
            "full": Format.time(uploader.fullAt, now: now),
            "spool": .string(uploader.spoolID.description),
        ]
    }

    private var store: MustacheValue {
        guard uploader.state == .alive else { return .null }
        if uploader.report.passedOver.contains(.home) {
            return ["word": "Another is used", "mark": "failing", "tone": .string(StateView.Tone.failing.rawValue)]
        }
        let (word, mark, tone): (String, String, StateView.Tone) =
            switch uploader.report.store {
            case .working: ("Working", "stored", .quiet)
            case .paused: ("Does not answer", "retrying", .failing)
            case .refused: ("Refuses all", "failing", .failing)
            }
        return ["word": .string(word), "mark": .string(mark), "tone": .string(tone.rawValue)]
    }

    static func words(_ state: UploaderListing.State) -> (word: String, mark: String, tone: StateView.Tone) {
        switch state {
        case .alive: ("Alive", "recording", .recording)
        case .stopped: ("Stopped", "off", .quiet)
        case .silent: ("Silent", "failing", .failing)
        }
    }
}
