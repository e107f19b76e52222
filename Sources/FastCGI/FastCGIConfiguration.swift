/// The socket of a server and its limits.
public struct FastCGIConfiguration: Sendable {
    /// The path of the unix socket, at most 107 bytes (`sun_path` of unix(7)).
    public var socketPath: String
    /// Requests that are answered at once, 1 to 256.
    public var threads: Int
    /// Longer bodies, in bytes, are not kept in memory; ``HTTPRequest/body(limit:)`` reports them.
    public var bodyLimit: Int
    /// Connections that may wait to be accepted.
    public var backlog: Int32
    /// The size of a thread's stack.
    public var stackBytes: Int

    /// Creates a configuration.
    public init(
        socketPath: String,
        threads: Int,
        bodyLimit: Int = 1 << 20,
        backlog: Int32 = 511,
        stackBytes: Int = 512 * 1024
    ) {
        self.socketPath = socketPath
        self.threads = min(max(threads, 1), 256)
        self.bodyLimit = bodyLimit
        self.backlog = backlog
        self.stackBytes = stackBytes
    }
}
