import Errors

/// The reason why a recorder may not run under its name.
struct RecorderNameError: DescribedError {
    enum Kind: String, Sendable {
        /// A recorder that lives has the name.
        case nameInUse
    }

    let kind: Kind
    let detail: String

    init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    var isTemporary: Bool { false }

    var hint: String? { "give each recorder an OBSERVER_RECORDER of its own, and each disk a spool of its own" }
}
