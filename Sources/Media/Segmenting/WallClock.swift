/// Translates moments of a monotonic clock into time of day.
///
/// A pure value. Where the wall clock creeps against the monotonic one, the result follows it; a difference of more than a
/// tenth of a second, seen twice in a row, means that the wall clock was set, and is adopted at once.
public struct WallClock: Sendable {
    private static let leap: Int64 = 100_000

    /// The wall clock less the monotonic one, in microseconds.
    private var offset: Int64?
    private var strange = 0
    /// The number of times that the wall clock was set.
    public private(set) var steps = 0

    /// Creates a clock without observations.
    public init() {}

    /// Notes that it is `wallClock`, microseconds since 1970, at `instant`, nanoseconds of the monotonic clock.
    public mutating func observe(_ wallClock: Int64, at instant: Int64) {
        let present = wallClock &- instant / 1000
        guard let before = offset else {
            offset = present
            return
        }
        let change = present &- before
        if (-Self.leap...Self.leap).contains(change) {
            strange = 0
            // The two clocks are not read in the same moment.
            offset = before + change / 16
            return
        }
        strange += 1
        guard strange >= 2 else { return }
        offset = present
        strange = 0
        steps += 1
    }

    /// UTC of a moment in microseconds since 1970; nil before the first observation.
    public func time(at instant: Int64) -> Int64? {
        offset.map { $0 &+ instant / 1000 }
    }
}
