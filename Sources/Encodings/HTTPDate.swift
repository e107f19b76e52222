/// Dates of HTTP headers, in the form that senders must use: `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110,
/// section 5.6.7).
public enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Writes a date.
    ///
    /// - Parameter seconds: Seconds since 1970; years outside 0 to 9999, which the form cannot hold, are written as the
    ///   nearest year it can.
    /// - Returns: The 29 characters.
    public static func text(seconds: Int64) -> String {
        let date = CivilDate(seconds: seconds)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        bytes += days[date.weekday].utf8
        bytes += ", ".utf8
        bytes.appendDecimal(date.day, width: 2)
        bytes.append(UInt8(ascii: " "))
        bytes += months[date.month - 1].utf8
        bytes.append(UInt8(ascii: " "))
        bytes.appendDecimal(min(max(date.year, 0), 9999), width: 4)
        bytes.append(UInt8(ascii: " "))
        bytes.appendDecimal(date.hour, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(date.minute, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(date.second, width: 2)
        bytes += " GMT".utf8
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads a date; nil if the text is anything else, the two obsolete forms included.
    ///
    /// The name of the day is not held against the date. A leap second is read as the second after it.
    ///
    /// - Returns: Seconds since 1970.
    public static func seconds(_ text: some StringProtocol) -> Int64? {
        var reader = DigitReader(text)
        guard
            reader.skip(oneOf: days) != nil, reader.skip(","), reader.skip(" "),
            let day = reader.number(digits: 2), reader.skip(" "),
            let month = reader.skip(oneOf: months).map({ $0 + 1 }), reader.skip(" "),
            let year = reader.number(digits: 4), reader.skip(" "),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2), reader.skip(oneOf: [" GMT"]) != nil, reader.isAtEnd,
            (1...CivilDate.days(inMonth: month, of: year)).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let date = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        return Int64(date * 86_400 + hour * 3600 + minute * 60 + second)
    }
}
