import Encodings
import Mustache
import ObserverCore

/// The format of times, lengths and sizes on pages.
enum Format {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// The names under which the values of a time keep what they were made of.
    static let momentKey = "moment"
    static let nowKey = "now"

    /// The values of `partials/time`: the exact time for machines and for people, and a short one that fits a table.
    ///
    /// The renderer of the page writes them in the zone of the viewer.
    static func time(_ moment: Timestamp, now: Timestamp, in zone: TimeZoneRules = .utc) -> MustacheValue {
        [
            "datetime": .string(moment.rfc3339),
            "exact": .string(exact(moment, in: zone)),
            "title": .string(title(moment, in: zone)),
            "short": .string(isSameDay(moment, now, in: zone) ? clock(moment, in: zone) : dayAndMinute(moment, zone)),
            momentKey: MustacheValue(moment.milliseconds),
            nowKey: MustacheValue(now.milliseconds),
        ]
    }

    /// The same, or nothing.
    static func time(_ moment: Timestamp?, now: Timestamp) -> MustacheValue {
        moment.map { time($0, now: now) } ?? .null
    }

    /// A time with everything: `23 Nov 2026, 20:01:02 UTC`.
    static func exact(_ moment: Timestamp, in zone: TimeZoneRules = .utc) -> String {
        let date = zone.local(at: moment)
        return "\(shortDay(date)) \(date.year), \(clock(moment, in: zone)) \(zone.abbreviation(at: moment))"
    }

    /// The same, and what it is in UTC: `23 Nov 2026, 21:01:02 CET (20:01:02 UTC)`.
    static func title(_ moment: Timestamp, in zone: TimeZoneRules) -> String {
        let text = exact(moment, in: zone)
        guard zone.secondsAhead(at: moment) != 0 else { return text }
        let isSameDay = zone.local(at: moment).day == moment.date.day
        return "\(text) (\(isSameDay ? clock(moment) + " UTC" : exact(moment)))"
    }

    /// The time of day: `20:01:02`.
    static func clock(_ moment: Timestamp, in zone: TimeZoneRules = .utc) -> String {
        let date = zone.local(at: moment)
        return "\(two(date.hour)):\(two(date.minute)):\(two(date.second))"
    }

    /// The time of day to the minute: `20:01`.
    static func minute(_ moment: Timestamp, in zone: TimeZoneRules = .utc) -> String {
        let date = zone.local(at: moment)
        return "\(two(date.hour)):\(two(date.minute))"
    }

    /// The day: `23 November 2026`.
    static func day(_ day: LocalDate) -> String {
        let date = day.civil
        return "\(date.day) \(months[date.month - 1]) \(date.year)"
    }

    /// A length of time in one or two units: 0.4 s, 7 s, 3 min 12 s, 2 h 5 min, 4 d.
    static func length(milliseconds: Int64) -> String {
        let whole = max(0, milliseconds.addingSaturated(500) / 1000)
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return two(whole / 60, "min", and: whole % 60, "s")
        case ..<86_400: return two(whole / 3600, "h", and: whole % 3600 / 60, "min")
        default: return "\(whole / 86_400) d"
        }
    }

    /// A length of time in one unit: 14 min.
    static func age(milliseconds: Int64) -> String {
        let text = length(milliseconds: milliseconds)
        return text.split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// A length of time with tenths of a second, where it is short: 9.9 s.
    static func fineLength(milliseconds: Int64) -> String {
        milliseconds > 0 && milliseconds < 60_000
            ? "\(decimal(Double(milliseconds) / 1000)) s" : length(milliseconds: milliseconds)
    }

    /// Milliseconds from seconds, within what 64 bits hold.
    static func milliseconds(_ seconds: Double) -> Int64 {
        guard !seconds.isNaN else { return 0 }
        return Int64(exactly: (seconds * 1000).rounded()) ?? (seconds < 0 ? .min : .max)
    }

    /// A number of things, with the word in the plural: 1 day, 30 days.
    static func count(_ number: Int64, _ plural: String) -> String {
        "\(number) \(number == 1 && plural.hasSuffix("s") ? String(plural.dropLast()) : plural)"
    }

    /// A number of bytes: 812 kB, 2.5 MB, 41.3 GB.
    static func size(_ bytes: Int64) -> String {
        switch bytes {
        case ..<1000: "\(bytes) B"
        case ..<1_000_000: "\(bytes / 1000) kB"
        case ..<1_000_000_000: "\(decimal(Double(bytes) / 1e6)) MB"
        case ..<1_000_000_000_000: "\(decimal(Double(bytes) / 1e9)) GB"
        default: "\(decimal(Double(bytes) / 1e12)) TB"
        }
    }

    /// Bits a second: 4.0 Mbit/s.
    static func bitrate(_ bits: Int) -> String {
        bits < 1_000_000 ? "\(bits / 1000) kbit/s" : "\(decimal(Double(bits) / 1e6)) Mbit/s"
    }

    /// A number with one decimal.
    static func decimal(_ number: Double) -> String {
        guard let tenths = Int64(exactly: (number * 10).rounded()) else { return "\(number)" }
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    static func two(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    /// The smaller unit counts only while the greater one is small.
    private static func two(_ count: Int64, _ unit: String, and rest: Int64, _ smaller: String) -> String {
        count < 10 && rest > 0 ? "\(count) \(unit) \(rest) \(smaller)" : "\(count) \(unit)"
    }

    private static func isSameDay(_ left: Timestamp, _ right: Timestamp, in zone: TimeZoneRules) -> Bool {
        let (one, other) = (zone.local(at: left), zone.local(at: right))
        return (one.year, one.month, one.day) == (other.year, other.month, other.day)
    }

    private static func shortDay(_ date: CivilDate) -> String {
        "\(date.day) \(months[date.month - 1].prefix(3))"
    }

    private static func dayAndMinute(_ moment: Timestamp, _ zone: TimeZoneRules) -> String {
        "\(shortDay(zone.local(at: moment))), \(minute(moment, in: zone))"
    }
}
