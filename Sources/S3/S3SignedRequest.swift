/// A signed request, ready to be sent.
public struct S3SignedRequest: Sendable {
    /// The method.
    public let method: String
    /// Scheme, host, path and query, encoded as signed.
    public let url: String
    /// All headers but `Host`, which follows from the URL; names in lower case.
    public let headers: [(name: String, value: String)]
}
