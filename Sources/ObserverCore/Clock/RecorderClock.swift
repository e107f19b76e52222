/// Decides the time of day at which a recorder places what it records.
///
/// A pure value. The recorder counts on a clock that nobody sets; where that lies in the day is told by two witnesses, the
/// machine's own clock and the database's. Where they agree, the machine's counts, because it is the nearer one. Where they
/// differ by more than ``tolerance``, the database's counts: by it people switch cameras, and all recorders share it.
///
/// Until the time is proven, and while it has been set and may be set back, it is not *certain*: nothing is announced then, so
/// that what was recorded meanwhile can still be moved. Both are bounded. What was announced never moves.
package struct RecorderClock: Sendable {
    private struct Span: Sendable {
        var from: Int64
        var to: Int64
    }

    /// The difference in microseconds up to which two clocks agree.
    package static let tolerance: Int64 = 1_000_000
    /// Smaller differences are none: the clocks are not read in the same moment.
    private static let resolution: Int64 = 50_000
    /// The longest answer of the database, in microseconds, that says anything about the time.
    private static let answerLimit: Int64 = 2_000_000
    /// The time after which a clock that was set counts, because nobody has set it back.
    package static let patience: Int64 = 300_000_000
    /// The time after a boot in which a machine without a clock of its own usually learns the time.
    package static let bootTime: Int64 = 120_000_000
    /// The time after which the machine's own clock counts although nobody has confirmed it.
    package static let aloneTime: Int64 = 3_600_000_000
    /// The time for which an answer of the database says something about the present.
    private static let freshness: Int64 = 10_000_000
    private static let memory = 16

    /// The time of day of each moment of this boot, as far as is known.
    package private(set) var timeOfDay: TimeOfDay
    /// True once more than the machine's own word speaks for the time.
    package var isProven: Bool { !timeOfDay.isProvisional }
    /// UTC by the machine's clock less the clock that nobody sets, in microseconds.
    private var system: Int64
    /// The same by the database's clock; nil before it was heard.
    private var database: Int64?
    /// The moment at which that was heard.
    private var heardAt: Int64
    private var isSynchronized = false
    private let begun: Int64
    /// The last moment at which the witnesses fitted what is known.
    private var fittedAt: Int64
    /// The moment since which the time has been set, and may be set back.
    private var doubtfulSince: Int64?
    /// The moment since which the machine's clock is wrong.
    private var wrongSince: Int64?
    private var troubles: [Span] = []

    /// Creates a clock.
    ///
    /// - Parameters:
    ///   - wall: UTC by the machine's clock.
    ///   - uptime: The same moment in microseconds since the machine booted.
    ///   - kept: The offset that an earlier process of the same boot had proven; nil if there was none.
    package init(wall: Timestamp, at uptime: Int64, kept: Int64? = nil) {
        system = Self.offset(wall, uptime)
        database = kept
        timeOfDay = TimeOfDay(offset: kept ?? system, isProvisional: kept == nil)
        begun = uptime
        fittedAt = uptime
        heardAt = uptime
    }

    /// True while what is recorded may be announced at the time that it has now.
    package var isCertain: Bool { isProven && doubtfulSince == nil }

    /// The offset for later processes of this boot; nil while it is not worth keeping.
    package var proven: Int64? { isCertain && (database != nil || isSynchronized) ? timeOfDay.offset : nil }

    /// The machine's clock less the time that counts, in microseconds; nil where they agree.
    package var error: Int64? {
        let difference = system.addingSaturated(0 - timeOfDay.offset)
        return difference.magnitude > Self.tolerance.magnitude ? difference : nil
    }

    /// Returns true if the machine's clock was wrong, or was set, at any time within a stretch of its uptime.
    package func wasWrong(from start: Int64, to end: Int64) -> Bool {
        let open = [doubtfulSince, wrongSince].compactMap { $0 }.min()
        return open.map { $0 <= end } ?? false || troubles.contains { $0.from <= end && $0.to >= start }
    }

    // MARK: Witnesses

    /// Takes note of the machine's clock.
    ///
    /// - Parameters:
    ///   - wall: UTC by it.
    ///   - isSynchronized: True if the kernel says that a time server steers it.
    ///   - uptime: The same moment.
    package mutating func observe(_ wall: Timestamp, isSynchronized: Bool, at uptime: Int64) {
        system = Self.offset(wall, uptime)
        self.isSynchronized = isSynchronized
        decide(at: uptime, isHeard: false)
    }

    /// Takes note of the database's clock, right after ``observe(_:isSynchronized:at:)``.
    ///
    /// - Parameters:
    ///   - wall: UTC by it, at some moment between the two.
    ///   - sent: The moment at which it was asked.
    ///   - received: The moment of the answer.
    package mutating func hear(_ wall: Timestamp, sent: Int64, received: Int64) {
        let length = received.addingSaturated(0 - sent)
        guard (0...Self.answerLimit).contains(length) else { return }
        let possible = Self.offset(wall, received)...Self.offset(wall, sent)
        let likely = possible.lowerBound.addingSaturated(length / 2)
        heardAt = received
        let before = database ?? likely
        database =
            likely.addingSaturated(0 - before).magnitude > Self.tolerance.magnitude
            ? likely : min(max(before, possible.lowerBound), possible.upperBound)
        decide(at: received, isHeard: true)
    }

    private static func offset(_ wall: Timestamp, _ uptime: Int64) -> Int64 {
        TimeOfDay(offset: wall.microseconds.addingSaturated(0 - uptime)).offset
    }

    // MARK: Decisions

    private func isNear(_ one: Int64, _ other: Int64) -> Bool {
        one.addingSaturated(0 - other).magnitude <= Self.tolerance.magnitude
    }

    /// The offset that the witnesses speak for.
    private func target(at now: Int64) -> Int64 {
        guard let database, !isNear(database, system) else { return system }
        // What the database said before one of the two was set is no word against a clock that fits.
        return !isFresh(at: now) && isNear(system, timeOfDay.offset) ? system : database
    }

    private func isFresh(at now: Int64) -> Bool { now.addingSaturated(0 - heardAt) <= Self.freshness }

    /// - Parameters:
    ///   - now: The present.
    ///   - isHeard: True if the database was heard just now.
    private mutating func decide(at now: Int64, isHeard: Bool) {
        let (target, fitted) = (target(at: now), fittedAt)
        let isSame = isNear(target, timeOfDay.offset)
        let isNews = target.addingSaturated(0 - timeOfDay.offset).magnitude > Self.resolution.magnitude
        if !isProven {
            if !isSame { note(from: .min, to: now) }
            if isNews { timeOfDay = TimeOfDay(offset: target, isProvisional: true) }
            timeOfDay.isProvisional = !hasProof(at: now, isHeard: isHeard)
            fittedAt = now
        } else if isSame {
            if let since = doubtfulSince { note(from: since, to: now) }
            if isNews { timeOfDay.set(offset: target, from: now) }
            (doubtfulSince, fittedAt) = (nil, now)
        } else {
            let since = doubtfulSince ?? fitted
            doubtfulSince = since
            let limit = database == nil || isFresh(at: now) ? Self.patience : Self.aloneTime
            guard isServed(target) || now.addingSaturated(0 - since) >= limit else { return }
            note(from: since, to: now)
            timeOfDay.set(offset: target, from: since)
            (doubtfulSince, fittedAt) = (nil, now)
        }
        compare(since: fitted, at: now)
    }

    /// Takes note of whether the machine's clock is the one that counts.
    private mutating func compare(since fitted: Int64, at now: Int64) {
        if error != nil {
            wrongSince = wrongSince ?? fitted
        } else if let since = wrongSince {
            wrongSince = nil
            note(from: since, to: now)
        }
    }

    /// Returns true if a time server stands behind an offset, and the database does not contradict.
    private func isServed(_ target: Int64) -> Bool {
        isSynchronized && isNear(system, target) && database.map { isNear($0, target) } ?? true
    }

    private func hasProof(at now: Int64, isHeard: Bool) -> Bool {
        if isSynchronized { return true }
        // Where both agree, it may be one clock that has yet to learn the time. Whether they do is known when both are fresh.
        if let database { return isHeard && (!isNear(database, system) || now >= Self.bootTime) }
        return now.addingSaturated(0 - begun) >= Self.aloneTime
    }

    private mutating func note(from start: Int64, to end: Int64) {
        troubles.append(Span(from: start, to: end))
        if troubles.count > Self.memory { troubles.removeFirst() }
    }
}
