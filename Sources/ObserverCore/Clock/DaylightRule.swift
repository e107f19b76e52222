import Encodings

/// The rule for the changes of a time zone that no table has, as in `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX, "Environment
/// Variables", TZ).
struct DaylightRule: Hashable, Sendable {
    /// A day of the year.
    enum Day: Hashable, Sendable {
        /// The day of the week (0 is Sunday) in a week of a month; 5 is the last one.
        case weekday(month: Int, week: Int, day: Int)
        /// The day from 1, in which 29 February is never counted.
        case julian(Int)
        /// The day from 0.
        case ordinal(Int)
    }

    struct Change: Hashable, Sendable {
        var day: Day
        /// Seconds after midnight.
        var time: Int
    }

    /// The two changes of a year.
    private struct Daylight: Hashable {
        var offset: TimeZoneRules.Offset
        var begin: Change
        var end: Change
    }

    private let standard: TimeZoneRules.Offset
    private var daylight: Daylight?

    /// The position of clocks.
    func offset(at seconds: Int64) -> TimeZoneRules.Offset {
        guard let daylight else { return standard }
        let year = CivilDate(seconds: seconds.addingSaturated(Int64(standard.secondsAhead))).year
        let (begin, end) = moments(of: daylight, in: year)
        // South of the equator summer contains the new year.
        let isDaylight = begin < end ? (begin..<end).contains(seconds) : !(end..<begin).contains(seconds)
        return isDaylight ? daylight.offset : standard
    }

    /// The seconds at which clocks change, in order, for a stretch of less than two years or the first years of a longer one.
    func changes(from start: Int64, to end: Int64) -> [Int64] {
        guard let daylight, start < end else { return [] }
        let first = CivilDate(seconds: start).year
        let last = min(CivilDate(seconds: end).year, first + 2)
        guard abs(first) < 1_000_000 else { return [] }
        return ((first - 1)...(last + 1)).flatMap { year in
            let (begin, end) = moments(of: daylight, in: year)
            return [begin, end]
        }.sorted()
    }

    private func moments(of daylight: Daylight, in year: Int) -> (begin: Int64, end: Int64) {
        (
            Self.moment(of: daylight.begin, in: year) - Int64(standard.secondsAhead),
            Self.moment(of: daylight.end, in: year) - Int64(daylight.offset.secondsAhead)
        )
    }

    private static func moment(of change: Change, in year: Int) -> Int64 {
        let newYear = CivilDate.daysSinceEpoch(year: year, month: 1, day: 1)
        let day: Int
        switch change.day {
        case .ordinal(let number): day = newYear + number
        case .julian(let number):
            let isLeap = CivilDate.days(inMonth: 2, of: year) == 29
            day = newYear + number - 1 + (isLeap && number > 59 ? 1 : 0)
        case .weekday(let month, let week, let weekday):
            let first = CivilDate.daysSinceEpoch(year: year, month: month, day: 1)
            // 1970 began on a Thursday.
            let offset = (weekday - (first % 7 + 11) % 7 + 7) % 7
            let last = CivilDate.days(inMonth: month, of: year) - 1
            var place = offset + 7 * (week - 1)
            if place > last { place -= 7 }
            day = first + place
        }
        return Int64(day) * 86_400 + Int64(change.time)
    }

    // MARK: - Text

    /// Reads a rule; nil for a text that is none.
    init?(_ text: String) {
        var rest = text[...]
        guard let name = Self.name(&rest), let west = Self.time(&rest) else { return nil }
        standard = TimeZoneRules.Offset(secondsAhead: -west, abbreviation: name)
        guard !rest.isEmpty else { return }
        guard let summer = Self.name(&rest) else { return nil }
        var ahead = 3600 - west
        if rest.first != "," {
            guard let west = Self.time(&rest) else { return nil }
            ahead = -west
        }
        guard let begin = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
        let offset = TimeZoneRules.Offset(secondsAhead: ahead, abbreviation: summer)
        daylight = Daylight(offset: offset, begin: begin, end: end)
    }

    private static func name(_ text: inout Substring) -> String? {
        if text.first == "<" {
            guard let end = text.firstIndex(of: ">") else { return nil }
            let name = text[..<end].dropFirst()
            text = text[text.index(after: end)...]
            return String(name.prefix(16))
        }
        let name = text.prefix { $0.isLetter }
        text = text.dropFirst(name.count)
        return name.count >= 3 ? String(name.prefix(16)) : nil
    }

    /// Reads `[+-]h[:mm[:ss]]` as seconds.
    private static func time(_ text: inout Substring) -> Int? {
        var sign = 1
        if let first = text.first, first == "-" || first == "+" {
            if first == "-" { sign = -1 }
            text.removeFirst()
        }
        guard var seconds = number(&text, upTo: 167).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] where text.first == ":" {
            text.removeFirst()
            guard let more = number(&text, upTo: 59) else { return nil }
            seconds += more * unit
        }
        return sign * seconds
    }

    private static func number(_ text: inout Substring, upTo most: Int) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int(digits), digits.utf8.count <= 3, value <= most else { return nil }
        text = text.dropFirst(digits.count)
        return value
    }

    private static func change(_ text: inout Substring) -> Change? {
        guard text.first == "," else { return nil }
        text.removeFirst()
        guard let day = day(&text) else { return nil }
        guard text.first == "/" else { return Change(day: day, time: 7200) }
        text.removeFirst()
        return time(&text).map { Change(day: day, time: $0) }
    }

    private static func day(_ text: inout Substring) -> Day? {
        switch text.first {
        case "M":
            var numbers: [Int] = []
            for _ in 0..<3 {
                text.removeFirst()
                guard let value = number(&text, upTo: 12) else { return nil }
                numbers.append(value)
                if numbers.count < 3, text.first != "." { return nil }
            }
            guard (1...12).contains(numbers[0]), (1...5).contains(numbers[1]), numbers[2] <= 6 else { return nil }
            return .weekday(month: numbers[0], week: numbers[1], day: numbers[2])
        case "J":
            text.removeFirst()
            return number(&text, upTo: 365).flatMap { $0 > 0 ? .julian($0) : nil }
        default: return number(&text, upTo: 365).map { .ordinal($0) }
        }
    }
}
