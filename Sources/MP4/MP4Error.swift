public import Errors

/// The reason why bytes are not a fragmented MP4 file.
public struct MP4Error: DescribedError, Hashable {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// The file has no whole init section, so nothing in it can be played.
        case noInitSection
        /// A box is not as it has to be where a file is put together or taken apart.
        case badFragment
        /// The init section is not that of the file that it was to become part of.
        case otherInitSection
    }

    /// The kind of trouble.
    public let kind: Kind
    /// The facts in a few words.
    public let detail: String

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// Never: the same bytes are read the same way.
    public var isTemporary: Bool { false }
}
