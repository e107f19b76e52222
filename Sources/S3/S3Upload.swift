public import HTTPClient

/// An object to be put under a key.
public struct S3Upload: Sendable {
    /// The key.
    public var key: String
    /// The bytes, or the file that has them.
    public var body: HTTPClientRequest.Body
    /// The hash of the body in lower-case hex; signed, so that the store compares it.
    public var sha256: String
    /// The media type.
    public var contentType: String
    /// `x-amz-meta-…` without the prefix: lower-case names, ASCII values.
    public var metadata: [(name: String, value: String)]
    /// Puts it only if nothing lies under the key yet (`If-None-Match: *`); a store that does not know the condition
    /// overwrites.
    public var onlyIfAbsent: Bool

    /// Its importance where not all can be sent at once.
    public var priority = HTTPClientPriority.high

    /// Describes an upload.
    public init(
        key: String,
        body: HTTPClientRequest.Body,
        sha256: String,
        contentType: String,
        metadata: [(name: String, value: String)] = [],
        onlyIfAbsent: Bool = false
    ) {
        self.key = key
        self.body = body
        self.sha256 = sha256
        self.contentType = contentType
        self.metadata = metadata
        self.onlyIfAbsent = onlyIfAbsent
    }
}
