package import Encodings

/// A date as calendars on the wall show it, in whatever zone.
package struct LocalDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The days since 1970-01-01.
    package let number: Int

    package init(number: Int) {
        self.number = number
    }

    /// Reads `2026-11-23`; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 10, let start = Timestamp(rfc3339: text + "T00:00:00Z") else { return nil }
        number = Int(start.milliseconds.flooredQuotient(by: 86_400_000))
    }

    package var next: LocalDate { LocalDate(number: number + 1) }
    package var previous: LocalDate { LocalDate(number: number - 1) }

    /// The year, the month and the day.
    package var civil: CivilDate { CivilDate(seconds: Int64(number).multipliedSaturated(by: 86_400)) }

    /// As in addresses: `2026-11-23`.
    package var description: String {
        var bytes: [UInt8] = []
        civil.appendRFC3339(to: &bytes)
        return String(decoding: bytes.prefix(10), as: UTF8.self)
    }

    package static func < (left: LocalDate, right: LocalDate) -> Bool { left.number < right.number }
}
