public import Errors

/// The reason why a cryptographic operation gave no result.
public struct CryptoError: DescribedError, Hashable {
    /// The kinds of trouble.
    public enum Kind: String, Sendable, CaseIterable {
        /// A key, nonce or parameter has the wrong size or form.
        case badInput
        /// The text was changed, or sealed with another key or for another place.
        case notAuthentic
        /// The library refused; memory or entropy is short.
        case unavailable
    }

    /// The kind of trouble.
    public let kind: Kind
    /// The operation and the trouble, never the input.
    public let detail: String

    /// Creates an error.
    init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// Returns true where memory or entropy is short.
    public var isTemporary: Bool { kind == .unavailable }
}
