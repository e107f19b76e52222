import Errors

/// A failure that a command explains itself.
struct ToolError: DescribedError {
    enum Kind: String {
        case notFound
        case exists
        case invalidInput
        /// Something must be set up first.
        case notReady
        case failedCheck
        case refused
    }

    let kind: Kind
    let detail: String
    let hint: String?
    var isTemporary: Bool { false }
    /// The detail alone: people read it behind the tool's name.
    var description: String { detail }

    init(_ kind: Kind, _ detail: String, hint: String? = nil) {
        self.kind = kind
        self.detail = detail
        self.hint = hint
    }
}
