/// A date and a time of day in UTC, in the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Sendable {
    /// The year; 0 is 1 BC.
    public let year: Int
    /// The month, 1 to 12.
    public let month: Int
    /// The day of the month, from 1.
    public let day: Int
    /// The hour, 0 to 23.
    public let hour: Int
    /// The minute, 0 to 59.
    public let minute: Int
    /// The second, 0 to 59.
    public let second: Int
    /// The millisecond, 0 to 999.
    public let millisecond: Int

    /// Splits milliseconds since 1970.
    ///
    /// Days are counted in eras of 400 years that begin on 1 March, so that leap days come last (Howard Hinnant,
    /// "chrono-Compatible Low-Level Date Algorithms").
    public init(milliseconds: Int64) {
        let days = Int(milliseconds.flooredQuotient(by: 86_400_000))
        // The product of quotient and divisor would overflow for the first moments that 64 bits hold.
        let rest = Int((milliseconds % 86_400_000 + 86_400_000) % 86_400_000)
        let shifted = days + 719_468
        let era = Int(Int64(shifted).flooredQuotient(by: 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1000 % 60
        millisecond = rest % 1000
    }

    /// Splits seconds since 1970; those that 64 bits of milliseconds cannot hold give the nearest date they can.
    public init(seconds: Int64) {
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        self.init(milliseconds: overflow ? (seconds < 0 ? .min : .max) : milliseconds)
    }

    /// The days from 1970-01-01 to a date of the years ±1,000,000.
    public static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = Int(Int64(shiftedYear).flooredQuotient(by: 400))
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The number of days of a month.
    public static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }

    /// Appends the date as RFC 3339 in UTC with milliseconds: `2026-11-23T20:01:02.123Z`.
    ///
    /// Years outside 0 to 9999, which the form cannot hold, are written as the nearest year it can.
    public func appendRFC3339(to bytes: inout [UInt8]) {
        bytes.appendDecimal(min(max(year, 0), 9999), width: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(month, width: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(day, width: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.appendDecimal(hour, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(minute, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(second, width: 2)
        bytes.append(UInt8(ascii: "."))
        bytes.appendDecimal(millisecond, width: 3)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The day of the week, 0 for Sunday.
    public var weekday: Int {
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        // 1970-01-01 was a Thursday.
        return ((days + 4) % 7 + 7) % 7
    }
}

extension Int64 {
    /// Returns the quotient rounded down, as calendars need it before 1970.
    public func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
