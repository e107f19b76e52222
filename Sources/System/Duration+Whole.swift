extension Duration {
    /// The duration in nanoseconds, limited to what 64 bits hold (292 years).
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min / 2 : .max / 2 }
        return product &+ attoseconds / 1_000_000_000
    }

    /// The duration in milliseconds, rounded towards zero.
    public var wholeMilliseconds: Int64 {
        wholeNanoseconds / 1_000_000
    }
}
