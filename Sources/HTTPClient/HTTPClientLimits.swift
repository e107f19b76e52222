/// The limits of one request.
public struct HTTPClientLimits: Sendable {
    /// The time for a connection, name look-up and TLS handshake included.
    public var connect: Duration = .seconds(5)
    /// The time for the whole request; nil for no limit.
    public var total: Duration? = .seconds(60)
    /// The request ends when no byte moves for so long; a pause that the client makes itself does not count.
    public var stall: Duration = .seconds(20)
    /// The time for the answer once the whole body is on its way: on a slow line the last of it still is.
    public var answer: Duration = .seconds(30)
    /// The pace that a body must have on average where the time for the whole request is set by its length.
    public var leastBytesPerSecond = 512
    /// The largest response body that is kept, in bytes.
    public var responseBytes = 1 << 20

    /// Creates the usual limits.
    public init() {}
}
