/// Timestamps without their wrap-around (RFC 3550, 5.1): 32-bit ticks become 64-bit ticks that go on for ever.
///
/// Each timestamp is taken as the one nearest to its predecessor, up to half a wrap (6.6 h at 90 kHz) in either direction.
/// After a restart of the series the distance means nothing; the flag of the delivery says so, not the clock.
public struct RTPClock: Hashable, Sendable {
    private var last: Int64?

    /// Creates a clock whose first timestamp is taken as it is.
    public init() {}

    /// Returns the 64-bit timestamp and remembers it as the predecessor of the next one.
    public mutating func unwrap(_ timestamp: UInt32) -> Int64 {
        let value = position(of: timestamp)
        last = value
        return value
    }

    /// Returns the 64-bit timestamp nearest to the last one, for instance of a sender report.
    public func position(of timestamp: UInt32) -> Int64 {
        guard let last else { return Int64(timestamp) }
        let step = Int32(bitPattern: timestamp &- UInt32(truncatingIfNeeded: last))
        return last &+ Int64(step)
    }
}
