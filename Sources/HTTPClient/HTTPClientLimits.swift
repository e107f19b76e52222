/// The limits of one request.
public struct HTTPClientLimits: Sendable {
    /// The time for a connection, name look-up and TLS handshake included.
    public var connect: Duration = .seconds(5)
    /// The time for the whole request; nil for no limit.
    public var total: Duration? = .seconds(60)
    /// The request ends when fewer bytes a second than this move for ``slowFor``.
    public var slowBytesPerSecond = 16_384
    /// The time for which a slow request is kept.
    public var slowFor: Duration = .seconds(20)
    /// The largest response body that is kept, in bytes.
    public var responseBytes = 1 << 20

    /// Creates the usual limits.
    public init() {}
}
