public import Errors

/// The reason why a document is not taken as JSON.
public struct JSONError: DescribedError, Hashable {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// Not the grammar of JSON.
        case syntax
        /// Nested deeper than ``JSONParser/depthLimit``.
        case tooDeep
        /// A name appears twice in an object.
        case repeatedName
        /// Text that is not UTF-8, holds a control character or a broken escape.
        case badText
        /// A number that does not fit.
        case badNumber
    }

    /// The kind of trouble.
    public let kind: Kind
    /// The trouble and its place in a few words.
    public let detail: String
    /// The place, in bytes from the start.
    public let offset: Int

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String, offset: Int) {
        self.kind = kind
        self.detail = detail
        self.offset = offset
    }

    /// Always false: the same bytes fail again.
    public var isTemporary: Bool { false }
}
