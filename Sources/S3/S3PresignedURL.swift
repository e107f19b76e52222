/// A URL with which anybody can read one object for a while.
public struct S3PresignedURL: Sendable, Hashable {
    /// `http` or `https`.
    public let scheme: String
    /// Host and port.
    public let authority: String
    /// The encoded path.
    public let path: String
    /// The encoded query with the signature.
    public let query: String

    /// The whole URL.
    public var url: String { "\(scheme)://\(authority)\(path)?\(query)" }
}
