/// The waits between retries: growing, limited, and spread at random so that many clients do not return together.
///
/// With full jitter (`jitter` 1) a wait lies between nothing and the present
/// step, which spreads best; with 0 it is the step itself (AWS Builders' Library, "Timeouts, retries and backoff with jitter").
public struct Backoff: Sendable {
    private let first: Duration
    private let factor: Double
    private let limit: Duration
    private let jitter: Double
    private var step: Duration

    /// Creates a back-off.
    ///
    /// - Parameters:
    ///   - first: The first step.
    ///   - factor: The growth of each step.
    ///   - limit: The longest step.
    ///   - jitter: The random share of a step, 0 to 1.
    public init(first: Duration, factor: Double = 2, limit: Duration, jitter: Double = 1) {
        self.first = first
        self.factor = factor
        self.limit = limit
        self.jitter = min(max(jitter, 0), 1)
        step = first
    }

    /// Returns the next wait and moves on to the next step.
    public mutating func next<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Duration {
        let present = min(step, limit)
        step = min(present * factor, limit)
        let certain = present * (1 - jitter)
        return certain + present * (jitter * Double.random(in: 0...1, using: &generator))
    }

    /// Returns the next wait and moves on to the next step.
    public mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    /// Returns to the first step, after a success.
    public mutating func reset() {
        step = first
    }
}
