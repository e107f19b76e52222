public import Errors

/// A connection on which something else came than one request of a web server.
public struct FastCGIWireError: DescribedError, Hashable {
    /// The closed list of causes.
    public enum Kind: String, CaseIterable, Sendable {
        /// The bytes are no records, or records in an order that no request has.
        case malformed
        /// The request is larger than any that is expected.
        case tooLarge
        /// The request is right and of a kind that is not answered.
        case unsupported
    }

    /// The cause.
    public let kind: Kind
    /// The record and what was found in it.
    public let detail: String

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// False: the same bytes have the same meaning later.
    public var isTemporary: Bool { false }

    /// One line for logs.
    public var description: String { "fastcgi \(kind.rawValue): \(detail)" }
}
