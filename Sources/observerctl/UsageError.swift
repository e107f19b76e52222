import Errors

/// A call of the tool that it does not understand.
struct UsageError: DescribedError {
    enum Kind: String {
        case usage
    }

    let kind = Kind.usage
    let detail: String
    /// The call that describes the right use.
    let hint: String?
    var isTemporary: Bool { false }
    /// The detail alone: people read it behind the tool's name.
    var description: String { detail }

    init(command: String? = nil, _ detail: String) {
        self.detail = detail
        hint = ["observerctl", command, "--help"].compactMap { $0 }.joined(separator: " ")
    }
}
