/// How long to wait before the next try: growing, limited, and spread by chance so that many do not come back together.
///
/// A value: `next` gives the wait and moves on. With full jitter (`jitter` 1) a wait lies between nothing and the present
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
    ///   - factor: By how much each step grows.
    ///   - limit: What no step exceeds.
    ///   - jitter: The share of a step that is left to chance, 0 to 1.
    public init(first: Duration, factor: Double = 2, limit: Duration, jitter: Double = 1) {
        self.first = first
        self.factor = factor
        self.limit = limit
        self.jitter = min(max(jitter, 0), 1)
        step = first
    }

    /// The next wait.
    public mutating func next<Generator: RandomNumberGenerator>(using generator: inout Generator) -> Duration {
        let present = min(step, limit)
        step = min(present * factor, limit)
        let certain = present * (1 - jitter)
        return certain + present * (jitter * Double.random(in: 0...1, using: &generator))
    }

    /// The next wait.
    public mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    /// Begins again with the first step, after a success.
    public mutating func reset() {
        step = first
    }
}
