/// The transport of media that a session asks for.
public enum RTSPTransport: String, Hashable, Sendable, CaseIterable {
    /// Interleaved with the dialogue, on the same connection.
    case tcp
    /// UDP to ports of the caller.
    case udp
    /// UDP to a group that the camera names.
    case multicast
    /// TCP, and UDP from a camera that refuses it (461).
    case automatic
}

/// Everything that a session needs to know before it begins.
public struct RTSPConfiguration: Sendable {
    /// The address as the user typed it, without user information.
    public var url: RTSPURL
    /// The account; nil where the camera needs none.
    public var credentials: RTSPCredentials?
    /// The transport of media.
    public var transport = RTSPTransport.tcp
    /// Encodings of audio that are wanted, the best first, by their names in `a=rtpmap`; empty for video alone.
    public var audioEncodings: [String] = []
    /// The time for each answer, in nanoseconds.
    public var answerTimeout: Int64 = 10_000_000_000
    /// The method of keep-alive requests; nil for the best that the camera names.
    public var keepAliveMethod: RTSPMethod?
    /// The name that the camera is given.
    public var userAgent = "Observer"

    let hash: @Sendable (RTSPHashAlgorithm, [UInt8]) -> [UInt8]
    var clientNonce: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    /// Redirects and reopened connections so far.
    var hops = 0
    /// True for a camera that closed the connection at OPTIONS: it is not asked again.
    var skipsOptions = false
    /// The challenge of a connection that the camera closed after it.
    var challenge: Challenge?

    /// Creates a configuration with the defaults.
    ///
    /// - Parameters:
    ///   - url: The address as the user typed it.
    ///   - credentials: The account.
    ///   - hash: Hashes bytes; called for Digest authentication alone.
    public init(
        url: RTSPURL,
        credentials: RTSPCredentials?,
        hash: @escaping @Sendable (RTSPHashAlgorithm, [UInt8]) -> [UInt8]
    ) {
        self.url = url
        self.credentials = credentials
        self.hash = hash
    }

    /// The configuration for the address of a redirect; the account goes along to the same host alone.
    func following(_ next: RTSPURL) -> RTSPConfiguration {
        var result = self
        result.url = next
        result.hops += 1
        if !next.isSafeForCredentials(of: url) { result.credentials = nil }
        if next.authority != url.authority { result.challenge = nil }
        return result
    }

    /// The configuration for a new connection that begins with DESCRIBE.
    func reopeningWithoutOptions() -> RTSPConfiguration {
        var result = self
        result.hops += 1
        result.skipsOptions = true
        return result
    }

    /// The configuration for a new connection to the same address.
    func reopening(with challenge: Challenge?) -> RTSPConfiguration {
        var result = self
        result.hops += 1
        result.challenge = challenge
        return result
    }
}
