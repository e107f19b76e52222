/// Bounds on what one camera can make a session hold, skip over or answer.
public enum RTSPLimits {
    /// The longest head of a message; descriptions are bodies, so that real heads stay below 2 KiB.
    public static let headBytes = 16_384
    /// The longest body; the longest description seen in the field has 4 KiB.
    public static let bodyBytes = 65_536
    /// The longest interleaved frame, with its four bytes of header (RFC 2326, 10.12).
    public static let frameBytes = 65_539
    /// The most bytes that `RTSPSession.receive` leaves with its caller.
    public static let unconsumedBytes = 81_920
    /// Header lines that are kept of one message.
    public static let headerLines = 128

    /// Bytes that are neither a frame nor a message, at once and per second afterwards.
    ///
    /// A cut packet costs at most 64 KiB; a stream that is something else entirely ends within seconds.
    public static let skippedBytes = RateLimit(burst: 262_144, perSecond: 65_536)
    /// Frames that belong to no track, at once and per second afterwards.
    ///
    /// A track of 20 Mbit/s that nobody asked for has about 1,800 packets a second.
    public static let rejectedFrames = RateLimit(burst: 8_192, perSecond: 4_096)
    /// Packets that were cut, at once and per second afterwards.
    ///
    /// A packet inside a cut one is read twice; without a bound, packets nested in each other would multiply the work.
    public static let cutFrames = RateLimit(burst: 256, perSecond: 32)
    /// Messages, at once and per second afterwards; a camera that lives sends one every few seconds.
    public static let messages = RateLimit(burst: 128, perSecond: 16)

    /// Bytes that wait to be sent; a camera that does not read its answers reaches it.
    public static let outputBytes = 262_144
    /// Events that wait to be taken; further notes are dropped.
    public static let events = 64
    /// Redirects and reopened connections on the way to one stream.
    public static let hops = 5
    /// Repetitions of one request with other credentials: stale nonces, then the next algorithm.
    public static let authenticationAttempts = 6
    /// Repetitions of one request because the camera called the nonce stale.
    public static let staleAttempts = 4
    /// Media descriptions that are kept of one session description.
    public static let mediaDescriptions = 32
    /// Payload formats that are kept of one media description.
    public static let formats = 32
    /// Parameters that are kept of one format.
    public static let parameters = 64
    /// Parameter sets that are kept of one format; H.264 allows 32 + 256, cameras have two.
    public static let parameterSets = 64

    /// The longest time between keep-alive requests, in nanoseconds.
    public static let keepAliveInterval: Int64 = 30_000_000_000
    /// The session time-out of a camera that names none, in seconds (RFC 2326, 12.37).
    public static let defaultTimeout: Int64 = 60
    /// The time in which media must come after every keep-alive method was answered with 454.
    public static let lostSessionGrace: Int64 = 2_000_000_000
    /// The time for the answer to TEARDOWN.
    public static let tearDownTimeout: Int64 = 1_500_000_000
}

/// An amount that may be spent at once, and the amount that comes back per second.
public struct RateLimit: Hashable, Sendable {
    /// The amount that may be spent at once.
    public let burst: Int64
    /// The amount that comes back per second.
    public let perSecond: Int64
}

/// A token bucket on the caller's clock.
struct RateBudget: Sendable {
    private let limit: RateLimit
    private var left: Int64
    private var refilled: Int64?

    init(_ limit: RateLimit) {
        self.limit = limit
        left = limit.burst
    }

    /// Takes an amount; returns false if less is left.
    mutating func spend(_ amount: Int, now: Int64) -> Bool {
        if let refilled {
            // An hour fills every bucket; the bound keeps the product small.
            let elapsed = min(max(now &- refilled, 0), 3_600_000_000_000)
            let gained = elapsed / 1_000_000 * limit.perSecond / 1_000
            if gained > 0 {
                left = min(left + gained, limit.burst)
                // Only the time that was paid out, so that frequent calls lose no fraction; a full bucket has no claim.
                self.refilled = left == limit.burst ? now : refilled + gained * 1_000_000_000 / limit.perSecond
            }
        } else {
            refilled = now
        }
        left -= Int64(amount)
        return left >= 0
    }
}
