import Encodings
package import ObserverCore

/// A week of segments by the time in their identifiers: from Monday, 00:00 UTC, to the next Monday.
package struct SegmentWeek: Hashable, Comparable, Sendable {
    /// Weeks since Monday, 1969-12-29.
    private let number: Int64

    private static let milliseconds: Int64 = 7 * 86_400_000
    /// 1970-01-01 was a Thursday.
    private static let firstMonday: Int64 = -3 * 86_400_000

    private init(number: Int64) {
        self.number = number
    }

    package init(of time: Timestamp) {
        let (quotient, remainder) = (time.milliseconds - Self.firstMonday)
            .quotientAndRemainder(dividingBy: Self.milliseconds)
        number = remainder < 0 ? quotient - 1 : quotient
    }

    /// Reads the name of a partition; nil if it isn't that of a week.
    package init?(partition name: String) {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "segments", let separator = parts[1].firstIndex(of: "w"),
            let year = Int(parts[1][..<separator]), let week = Int64(parts[1][parts[1].index(after: separator)...]),
            (1970...9999).contains(year), (1...53).contains(week)
        else { return nil }
        // 4 January is always in week 1 (ISO 8601).
        let fourth = Int64(CivilDate.daysSinceEpoch(year: year, month: 1, day: 4)) * 86_400_000
        self = SegmentWeek(of: Timestamp(milliseconds: fourth)).advanced(by: week - 1)
        guard partition == name else { return nil }
    }

    package var start: Timestamp { Timestamp(milliseconds: Self.firstMonday + number * Self.milliseconds) }

    package var end: Timestamp { advanced(by: 1).start }

    /// Its first day, `2026-11-23`.
    var monday: String { String(start.rfc3339.prefix(10)) }

    package func advanced(by weeks: Int64) -> SegmentWeek {
        SegmentWeek(number: number + weeks)
    }

    package static func < (left: SegmentWeek, right: SegmentWeek) -> Bool {
        left.number < right.number
    }

    /// The name of its partition, `segments_2026w48`, with the week's number in its year by ISO 8601.
    package var partition: String {
        // A week belongs to the year of its Thursday.
        let thursday = start.advanced(bySeconds: 3 * 86_400)
        let year = thursday.date.year
        let newYear = Int64(CivilDate.daysSinceEpoch(year: year, month: 1, day: 1))
        let week = (thursday.milliseconds / 86_400_000 - newYear) / 7 + 1
        return "segments_\(year)w\(week < 10 ? "0" : "")\(week)"
    }

    /// The identifiers from the first of this week, included, to the first of the next.
    package var bounds: (from: SegmentID, to: SegmentID) { (.lowest(at: start), .lowest(at: end)) }
}

extension SegmentID {
    /// The lowest identifier of a segment that begins at that time; `segment_id_at` of the database.
    static func lowest(at time: Timestamp) -> SegmentID {
        let milliseconds = UInt64(clamping: time.milliseconds)
        let bytes = (0..<16).map { $0 < 6 ? UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * $0)) : 0 }
        guard let id = SegmentID(bytes: bytes) else { preconditionFailure("sixteen bytes are an identifier") }
        return id
    }
}
