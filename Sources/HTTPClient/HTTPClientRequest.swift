public import HTTPTypes

/// A request to send.
public struct HTTPClientRequest: Sendable {
    /// The content of a request.
    public enum Body: Sendable {
        case none
        /// Bytes in memory.
        case bytes([UInt8])
        /// The first `length` bytes of a file, read as they are sent; a file that does not deliver them ends the request.
        case file(path: String, length: Int64)
    }

    /// The method.
    public var method: HTTPMethod
    /// The URL, `http` or `https`; sent as it is, without normalisation.
    public var url: String
    /// Names and values of the header fields, sent as they are.
    public var headers: [(name: String, value: String)]
    /// The content.
    public var body: Body
    /// The limits; nil for the client's.
    public var limits: HTTPClientLimits?
    /// Sees the bytes of a file with their place in the body as they are read, on the client's thread; a body that is sent
    /// again begins at 0 again.
    public var bodyListener: (@Sendable (Int64, UnsafeRawBufferPointer) -> Void)?

    /// The importance of the request where the client's pacer does not let all be sent at once.
    public var priority = HTTPClientPriority.high

    /// Creates a request.
    public init(
        method: HTTPMethod,
        url: String,
        headers: [(name: String, value: String)] = [],
        body: Body = .none,
        limits: HTTPClientLimits? = nil,
        bodyListener: (@Sendable (Int64, UnsafeRawBufferPointer) -> Void)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.bodyListener = bodyListener
    }
}
