import Glibc

/// Waits until a condition holds; for what another process does, where no signal can be had.
///
/// - Parameters:
///   - limit: When to give up.
///   - interval: How often to look.
///   - condition: What to wait for; an error counts as "not yet".
/// - Returns: Whether it held in time.
public func poll(
    for limit: Duration = .seconds(10),
    every interval: Duration = .milliseconds(20),
    until condition: () throws -> Bool
) -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
        // The condition asks servers that may just be starting; only its success counts.
        if (try? condition()) == true { return true }
        guard clock.now < end else { return false }
        usleep(
            UInt32(
                clamping: interval.components.attoseconds / 1_000_000_000_000 + interval.components.seconds * 1_000_000
            )
        )
    }
}
