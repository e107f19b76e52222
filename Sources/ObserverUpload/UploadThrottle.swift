import Lifecycle
package import System

/// Limits how many uploads may be under way, and decides whether S3 may be asked at all.
///
/// Three rules in one value: additive increase and multiplicative decrease of the concurrency; a pause with full jitter
/// and a single probe after several troubles in a row; and the retry quota of the AWS SDKs' standard mode (500 tokens,
/// a retry costs 5, after a time-out 10, a success gives 1 back).
package struct UploadThrottle: Sendable {
    /// Troubles in a row after which only a probe goes out.
    static let closesAfter = 3
    /// Troubles in a row after which a success is worth a sweep of the whole spool.
    static let recoversAfter = 5
    /// The retry quota, in tokens.
    private static let quota = 500

    private let most: Double
    private var limit: Double
    private var lastDecrease: MonotonicInstant?
    private var closedUntil: MonotonicInstant?
    private var pauses = Backoff(first: .milliseconds(500), limit: .seconds(20))
    private var tokens = quota
    package private(set) var troublesInARow = 0

    /// Creates an open throttle for at most `parallel` uploads.
    package init(parallel: Int) {
        most = Double(max(1, parallel))
        limit = most
    }

    /// True while S3 answers, as far as is known.
    package var isOpen: Bool { troublesInARow < Self.closesAfter }

    /// The number of uploads that may be under way now.
    package var concurrency: Int { isOpen ? max(1, Int(limit)) : 1 }

    /// Returns true if an upload may begin while `underWay` others are; a retry pays from the quota.
    package mutating func admits(underWay: Int, isRetry: Bool, after trouble: Trouble?, now: MonotonicInstant) -> Bool {
        if let closedUntil, now < closedUntil { return false }
        guard underWay < concurrency else { return false }
        guard isRetry else { return true }
        let cost = trouble == .timeout ? 10 : 5
        // One probe is always allowed: otherwise an empty quota would never fill again.
        guard tokens >= cost else { return underWay == 0 }
        tokens -= cost
        return true
    }

    /// Takes note of an answer that decides something.
    ///
    /// - Returns: True if S3 had been unavailable before.
    package mutating func answered() -> Bool {
        let wasUnavailable = troublesInARow >= Self.recoversAfter
        troublesInARow = 0
        closedUntil = nil
        pauses.reset()
        tokens = min(Self.quota, tokens + 1)
        limit = min(most, limit + 1 / limit)
        return wasUnavailable
    }

    /// Takes note of a request without an answer that decides anything.
    package mutating func troubled(now: MonotonicInstant) {
        troubled(now: now) { $0.next() }
    }

    package mutating func troubled<Generator: RandomNumberGenerator>(
        now: MonotonicInstant,
        using generator: inout Generator
    ) {
        troubled(now: now) { $0.next(using: &generator) }
    }

    private mutating func troubled(now: MonotonicInstant, pause: (inout Backoff) -> Duration) {
        troublesInARow += 1
        // Requests that were under way together fail together: that is one sign, not several.
        if lastDecrease.map({ now - $0 > .seconds(1) }) ?? true {
            limit = max(1, limit / 2)
            lastDecrease = now
        }
        if !isOpen, closedUntil.map({ $0 <= now }) ?? true { closedUntil = now + pause(&pauses) }
    }
}
