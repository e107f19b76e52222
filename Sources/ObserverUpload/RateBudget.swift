import HTTPClient
import System

/// A token bucket for the bytes of all uploads, with a part for each class.
///
/// The newest segments have four fifths of it. What one class does not use the other gets, so that the line is never idle while
/// there is something to send.
struct RateBudget: Sendable {
    private static let shares: [HTTPClientPriority: Double] = [.high: 0.8, .low: 0.2]
    /// The time in which so many bytes gather as may be sent at once.
    private static let burstSeconds = 0.25
    /// Bytes that gather before a body goes on, so that not every packet is a system call.
    private static let least = 4096.0
    /// Bytes that one body gets at once, at most.
    private static let most = 65_536

    private var bytesPerSecond: Double?
    private var tokens: [HTTPClientPriority: Double] = [.high: 0, .low: 0]
    private var last: MonotonicInstant?

    init(bytesPerSecond: Int? = nil) {
        self.bytesPerSecond = bytesPerSecond.map { Double($0) }
    }

    /// Changes the bandwidth; nil for no limit.
    mutating func set(bytesPerSecond rate: Int?, now: MonotonicInstant) {
        refill(now)
        bytesPerSecond = rate.map { Double($0) }
        // What gathered at a greater rate is not sent at a smaller one.
        for (priority, found) in tokens { tokens[priority] = min(found, burst(of: priority)) }
    }

    /// Takes bytes for a body.
    ///
    /// - Returns: The bytes that may be sent; 0 to wait for ``nextTurn(of:now:)``.
    mutating func take(upTo most: Int, for priority: HTTPClientPriority, now: MonotonicInstant) -> Int {
        guard bytesPerSecond != nil else { return most }
        refill(now)
        let found = tokens[priority] ?? 0
        guard found >= min(Double(most), Self.least) else { return 0 }
        let count = min(most, Int(found), Self.most)
        tokens[priority] = found - Double(count)
        return count
    }

    /// The moment at which a body may go on.
    mutating func nextTurn(of priority: HTTPClientPriority, now: MonotonicInstant) -> MonotonicInstant {
        guard let rate = bytesPerSecond else { return now }
        refill(now)
        let missing = Self.least - (tokens[priority] ?? 0)
        guard missing > 0 else { return now }
        // All of the rate may come here; if not, it is asked again.
        return now + .nanoseconds(Int64(missing / rate * 1e9) + 1_000_000)
    }

    private func burst(of priority: HTTPClientPriority) -> Double {
        max(Self.least, (bytesPerSecond ?? 0) * Self.burstSeconds * (Self.shares[priority] ?? 0))
    }

    private mutating func refill(_ now: MonotonicInstant) {
        defer { last = now }
        guard let rate = bytesPerSecond, let last, now > last else { return }
        let passed = (now - last).components
        let gained = rate * min(Double(passed.seconds) + Double(passed.attoseconds) / 1e18, 1)
        var rest = 0.0
        for (priority, share) in Self.shares { rest += add(gained * share, to: priority) }
        for priority in HTTPClientPriority.allCases where rest > 0 { rest = add(rest, to: priority) }
    }

    /// Adds tokens up to the burst; returns those that it has no room for.
    private mutating func add(_ count: Double, to priority: HTTPClientPriority) -> Double {
        let sum = (tokens[priority] ?? 0) + count
        let kept = min(sum, burst(of: priority))
        tokens[priority] = kept
        return sum - kept
    }
}
