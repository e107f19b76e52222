/// The name of a client and its limits.
public struct HTTPClientConfiguration: Sendable {
    /// The name of the client's thread.
    public var name: String
    /// Requests that are under way at most, at least 1; more wait in order.
    public var parallel: Int
    /// The limits of requests that have none of their own.
    public var limits: HTTPClientLimits
    /// A file of the authorities that may vouch for servers (PEM); nil for the system's.
    public var certificates: String?

    /// Decides how fast files are sent; nil for as fast as they can be.
    public var pacer: (any HTTPClientPacer)?

    /// Creates a configuration.
    public init(name: String, parallel: Int, limits: HTTPClientLimits = HTTPClientLimits(), certificates: String? = nil)
    {
        self.name = name
        self.parallel = max(parallel, 1)
        self.limits = limits
        self.certificates = certificates
    }
}
