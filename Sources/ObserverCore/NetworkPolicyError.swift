import Errors

/// The reason why a text is not a list of addresses that cameras may have.
package struct NetworkPolicyError: DescribedError, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        /// An entry is neither `default` nor a range.
        case unknownEntry
    }

    package let kind: Kind
    package let entry: String

    package init(_ kind: Kind, _ entry: String) {
        self.kind = kind
        self.entry = entry
    }

    package var detail: String {
        "\"\(entry)\" is neither `default` nor a range such as 10.0.0.0/8 or 127.0.0.1/32:8554"
    }

    /// Always false: the same text is refused again.
    package var isTemporary: Bool { false }
}
