import Errors

/// The reason why a message's body was not accepted.
///
/// Such a message is dead-lettered, never tried again.
package struct MessageError: DescribedError, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        /// More than 8 KiB.
        case tooLarge
        /// Not JSON, or not the fields and types of this message.
        case malformed
        /// A version this program does not know.
        case unknownVersion
        /// A value that is out of bounds.
        case invalid
    }

    package let kind: Kind
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// Always false: the same bytes are refused again.
    package var isTemporary: Bool { false }

    package var description: String { "message \(kind.rawValue): \(detail)" }
}
