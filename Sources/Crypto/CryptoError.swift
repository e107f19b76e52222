/// Why libcrypto could not do what was asked.
public struct CryptoError: Error, CustomStringConvertible, Sendable, Hashable {
    /// What went wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// A key, nonce or parameter has the wrong size or form.
        case badInput
        /// The text was changed, or sealed with another key or for another place.
        case notAuthentic
        /// The library refused; memory or entropy is short.
        case unavailable
    }

    /// What went wrong.
    public let kind: Kind
    /// What was being done.
    public let operation: String

    init(_ kind: Kind, _ operation: String) {
        self.kind = kind
        self.operation = operation
    }

    /// Safe to log: names the operation, never its input.
    public var description: String {
        "crypto: \(operation): \(kind.rawValue)"
    }
}
