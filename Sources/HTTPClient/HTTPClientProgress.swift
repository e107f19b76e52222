import System

/// The bytes of a request that have moved, and when one did last.
///
/// A request that moves is kept however slow its line is: one that is ended begins again with its first byte.
struct HTTPClientProgress: Sendable {
    private let limits: HTTPClientLimits
    private var sent: Int64 = 0
    private var received = 0
    private var movedAt: MonotonicInstant

    init(limits: HTTPClientLimits, now: MonotonicInstant) {
        self.limits = limits
        movedAt = now
    }

    /// Takes note of the bytes so far; a body that waits for its turn does not stall.
    ///
    /// - Returns: The bytes that were sent since the last call.
    mutating func advance(sent: Int64, received: Int, isPaced: Bool, now: MonotonicInstant) -> Int64 {
        // A body that is sent again begins anew.
        let more = sent >= self.sent ? sent - self.sent : sent
        if sent != self.sent || received != self.received || isPaced { movedAt = now }
        (self.sent, self.received) = (sent, received)
        return more
    }

    /// The reason to end a request with a body of this length.
    func stall(of length: Int64, now: MonotonicInstant) -> HTTPClientError? {
        let isWhole = length > 0 && sent >= length
        let limit = isWhole ? max(limits.answer, limits.stall) : limits.stall
        guard now - movedAt >= limit else { return nil }
        let words = isWhole ? "no answer for \(limit) after the last byte" : "no byte moved for \(limit)"
        return HTTPClientError(.timeout, words)
    }
}
