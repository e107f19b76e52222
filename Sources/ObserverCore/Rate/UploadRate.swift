/// The bandwidth that uploads may use, by the time of the week.
///
///     20 Mbit/s
///     Mon-Fri 08:00-18:00 2 Mbit/s; Sat,Sun 10:00-02:00 5 Mbit/s; else unlimited
///
/// The first rule that covers a moment holds. A time that ends before it begins goes on past midnight, and belongs to the day on
/// which it began.
package struct UploadRate: Hashable, Sendable {
    /// A number of bytes a second; nil for as many as the line takes.
    package typealias BytesPerSecond = Int

    struct Rule: Hashable, Sendable {
        var days: Set<Int>
        /// The minutes of the day at which it begins and ends; the end is no part of it.
        var begin: Int
        var end: Int
        var rate: BytesPerSecond?

        func covers(_ moment: WeekMoment) -> Bool {
            if begin < end { return days.contains(moment.day) && (begin..<end).contains(moment.minute) }
            return moment.minute >= begin
                ? days.contains(moment.day) : moment.minute < end && days.contains(moment.dayBefore.day)
        }
    }

    private(set) var rules: [Rule] = []
    private(set) var otherwise: BytesPerSecond?

    package static let unlimited = UploadRate()

    private init() {}

    /// True if there is no moment with a limit.
    package var isUnlimited: Bool { otherwise == nil && rules.allSatisfy { $0.rate == nil } }

    /// The bandwidth at a moment; nil for no limit.
    package func bytesPerSecond(at moment: WeekMoment) -> BytesPerSecond? {
        guard let rule = rules.first(where: { $0.covers(moment) }) else { return otherwise }
        return rule.rate
    }

    // MARK: - Text

    /// Reads a rate, or rules that are separated by semicolons, the last of which is `else` and a rate.
    ///
    /// - Throws: ``UploadRateError`` with the part that cannot be read.
    package init(parsing text: String) throws(UploadRateError) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
            part.split(separator: " ").map { String($0) }
        }
        guard let last = parts.last, parts.allSatisfy({ !$0.isEmpty }) else { throw UploadRateError(.empty, text) }
        if parts.count == 1, last.first != "else", !Self.beginsRule(last[0]) {
            otherwise = try Self.rate(last)
            return
        }
        guard last.first == "else" else { throw UploadRateError(.noElse, last.joined(separator: " ")) }
        otherwise = try Self.rate(Array(last.dropFirst()))
        for part in parts.dropLast() { rules.append(try Self.rule(part)) }
    }

    private static func beginsRule(_ word: String) -> Bool {
        word.contains(":") || WeekMoment.days.contains { word.lowercased().hasPrefix($0.lowercased()) }
    }

    private static func rule(_ words: [String]) throws(UploadRateError) -> Rule {
        var words = words[...]
        guard let first = words.first, first != "else" else {
            throw UploadRateError(.elseNotLast, words.joined(separator: " "))
        }
        var rule = Rule(days: Set(WeekMoment.days.indices), begin: 0, end: WeekMoment.minutesOfDay)
        if beginsRule(first), !first.contains(":") {
            rule.days = try days(first)
            words.removeFirst()
        }
        if let time = words.first, time.contains(":") {
            (rule.begin, rule.end) = try times(time)
            words.removeFirst()
        } else if rule.days.count == WeekMoment.days.count, first == words.first {
            throw UploadRateError(.badDays, first)
        }
        rule.rate = try rate(Array(words))
        return rule
    }

    /// Reads `Mon`, `Mon-Fri`, `Fri-Mon`, `Mon,Wed-Fri`.
    private static func days(_ text: String) throws(UploadRateError) -> Set<Int> {
        var found: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { day in
                WeekMoment.days.firstIndex { $0.lowercased() == day.lowercased() }
            }
            guard (1...2).contains(ends.count), let begin = ends[0], let end = ends[ends.count - 1] else {
                throw UploadRateError(.badDays, String(part))
            }
            for offset in 0...((end - begin + 7) % 7) { found.insert((begin + offset) % 7) }
        }
        return found
    }

    private static func times(_ text: String) throws(UploadRateError) -> (begin: Int, end: Int) {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { minute(String($0)) }
        guard ends.count == 2, let begin = ends[0], let end = ends[1], begin != end,
            begin < WeekMoment.minutesOfDay, end > 0
        else { throw UploadRateError(.badTime, text) }
        return (begin, end)
    }

    private static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour < 24 || (hour == 24 && minute == 0)
        else { return nil }
        return hour * 60 + minute
    }

    private static let units: [(name: String, bits: Int)] = [
        ("kbit/s", 1000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000),
    ]
    /// Below it, stores give up on a request before it is there.
    private static let leastBits = 64_000
    private static let mostBits = 100_000_000_000

    private static func rate(_ words: [String]) throws(UploadRateError) -> BytesPerSecond? {
        if words == ["unlimited"] { return nil }
        let text = words.joined(separator: " ")
        guard words.count == 2, let unit = units.first(where: { $0.name == words[1] }), let number = decimal(words[0])
        else { throw UploadRateError(.badRate, text) }
        let (thousandths, overflow) = number.multipliedReportingOverflow(by: unit.bits)
        let bits = thousandths / 1000
        guard !overflow, (leastBits...mostBits).contains(bits) else { throw UploadRateError(.rateOutOfRange, text) }
        return bits / 8
    }

    /// Reads a number with at most three digits after the point, in thousandths.
    private static func decimal(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = digits(parts[0], upTo: 9) else { return nil }
        guard parts.count == 2 else { return whole * 1000 }
        guard let fraction = digits(parts[1], upTo: 3) else { return nil }
        return whole * 1000 + fraction * [100, 10, 1][parts[1].utf8.count - 1]
    }

    private static func digits(_ text: Substring, upTo count: Int) -> Int? {
        guard (1...count).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
