package import Encodings

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z.
///
/// It is metadata: no decision about ownership or names of files is made on it.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// A number that is too large becomes the last moment that 64 bits hold.
    package init(milliseconds: Int64) {
        microseconds = milliseconds.multipliedSaturated(by: 1000)
    }

    package var milliseconds: Int64 {
        microseconds.flooredQuotient(by: 1000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Returns the moment so much later, or the last one that 64 bits hold.
    package func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(microseconds: microseconds.addingSaturated(seconds.multipliedSaturated(by: 1_000_000)))
    }

    /// Returns the moment so much later, or the last one that 64 bits hold.
    package func advanced(byMilliseconds milliseconds: Int64) -> Timestamp {
        Timestamp(microseconds: microseconds.addingSaturated(milliseconds.multipliedSaturated(by: 1000)))
    }
}

extension Timestamp {
    /// The parts of the moment in UTC.
    package var date: CivilDate {
        CivilDate(milliseconds: milliseconds)
    }

    /// Writes the moment as RFC 3339 in UTC with milliseconds: `2026-11-23T20:01:02.123Z`.
    package func appendRFC3339(to bytes: inout [UInt8]) {
        date.appendRFC3339(to: &bytes)
    }

    package var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads RFC 3339 with any offset and up to six digits of a second's fraction.
    ///
    /// A leap second is read as the second after it. Nil if the text is anything else.
    package init?(rfc3339 text: String) {
        var reader = DigitReader(text)
        guard
            let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            (1...12).contains(month), (1...CivilDate.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction = 0
        if reader.skip(".") {
            guard let value = reader.fraction(digits: 6) else { return nil }
            fraction = value
        }
        guard let offset = reader.offsetMinutes(), reader.isAtEnd else { return nil }
        let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60)
        microseconds = seconds * 1_000_000 + Int64(fraction)
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}
