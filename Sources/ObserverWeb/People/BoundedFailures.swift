import System

/// The newest failures of many, as moments; the number of keys and of moments is bounded.
struct BoundedFailures<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        /// Oldest first.
        var moments: [MonotonicInstant]
        var clearance: Int64
    }

    /// No limit looks back further.
    private static var memory: Duration { .seconds(900) }

    private let most: Int
    private let each: Int
    private var entries: [Key: Entry] = [:]

    /// - Parameters:
    ///   - most: How many keys are kept.
    ///   - each: How many moments are kept of each.
    init(most: Int, each: Int) {
        self.most = most
        self.each = each
    }

    var count: Int { entries.count }

    /// Counts a failure.
    mutating func note(_ key: Key, clearance: Int64, now: MonotonicInstant) {
        if entries[key] == nil { makeRoom(now: now) }
        var entry = entries.removeValue(forKey: key) ?? Entry(moments: [], clearance: clearance)
        if entry.clearance < clearance { entry = Entry(moments: [], clearance: clearance) }
        if entry.moments.count >= each { entry.moments.removeFirst() }
        entry.moments.append(now)
        entries[key] = entry
    }

    /// Takes back the newest failure.
    mutating func withdraw(_ key: Key) {
        guard var entry = entries.removeValue(forKey: key) else { return }
        _ = entry.moments.popLast()
        if !entry.moments.isEmpty { entries[key] = entry }
    }

    /// Forgets a key.
    mutating func forget(_ key: Key) { entries[key] = nil }

    /// How many of the failures are newer than a period.
    func failures(_ key: Key, within period: Duration, clearance: Int64, now: MonotonicInstant) -> Int {
        guard let entry = entries[key], entry.clearance >= clearance else { return 0 }
        return entry.moments.reversed().prefix { now - $0 < period }.count
    }

    /// The time until every limit allows one more; zero: it does now.
    func wait(_ key: Key, _ limits: [SignInThrottle.Limit], clearance: Int64, now: MonotonicInstant) -> Duration {
        guard let entry = entries[key], entry.clearance >= clearance else { return .zero }
        return limits.map { limit in
            // The oldest of as many as are allowed has to leave the period.
            guard entry.moments.count >= limit.failures else { return .zero }
            let oldest = entry.moments[entry.moments.count - limit.failures]
            return max(limit.period - (now - oldest), .zero)
        }.max() ?? .zero
    }

    /// Drops what is long over; where that is not enough, the half that matters least: few failures, and long ago.
    private mutating func makeRoom(now: MonotonicInstant) {
        guard entries.count >= most else { return }
        entries = entries.filter { entry in entry.value.moments.last.map { now - $0 < Self.memory } ?? false }
        // Sorting is dear, so it makes room for many.
        guard entries.count > most / 2 else { return }
        let order = entries.sorted { left, right in
            let (first, second) = (left.value.moments, right.value.moments)
            return first.count != second.count
                ? first.count > second.count : (first.last ?? .distantPast) > (second.last ?? .distantPast)
        }
        entries = Dictionary(uniqueKeysWithValues: order.prefix(most / 2).map { ($0.key, $0.value) })
    }
}
