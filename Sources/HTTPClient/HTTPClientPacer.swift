public import System

/// The importance of a request where not all can be sent at once.
public enum HTTPClientPriority: Hashable, Sendable, CaseIterable {
    case high, low
}

/// Decides how many bytes of files may be sent, for all requests of a client together.
///
/// It is asked on the client's thread and must not block.
public protocol HTTPClientPacer: Sendable {
    /// Takes bytes for a body.
    ///
    /// - Parameters:
    ///   - most: The bytes that could be sent.
    ///   - priority: The importance of the request.
    ///   - now: The present moment.
    /// - Returns: The bytes that may be sent, at most as many; 0 to wait for ``nextTurn(of:now:)``.
    func take(upTo most: Int, for priority: HTTPClientPriority, now: MonotonicInstant) -> Int

    /// The moment at which a body of this importance may go on.
    func nextTurn(of priority: HTTPClientPriority, now: MonotonicInstant) -> MonotonicInstant
}
