import ObserverCore

/// The presentation of a segment's state.
struct SegmentStateView {
    let word: String
    let mark: String
    let tone: StateView.Tone
    let isPlayable: Bool

    init(_ state: SegmentState) {
        (word, mark, tone, isPlayable) =
            switch state {
            case .spooled: ("To upload", "waiting", .plain, true)
            case .stored: ("Stored", "stored", .quiet, true)
            case .failed: ("Upload failed", "failing", .failing, true)
            case .expiring, .expired: ("Expired", "off", .quiet, false)
            case .lost: ("Lost", "failing", .failing, false)
            }
    }
}
