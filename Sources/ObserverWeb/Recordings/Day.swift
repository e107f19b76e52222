import Encodings
package import ObserverCore

/// A day in UTC.
package struct Day: Hashable, Sendable, CustomStringConvertible {
    /// Its first moment.
    let start: Timestamp

    package init(of moment: Timestamp) {
        let date = moment.date
        let ofDay = Int64((date.hour * 3600 + date.minute * 60 + date.second) * 1000 + date.millisecond)
        start = Timestamp(milliseconds: moment.milliseconds - ofDay)
    }

    /// Reads `2026-11-23`; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 10, let start = Timestamp(rfc3339: text + "T00:00:00Z") else { return nil }
        self.start = start
    }

    /// The first moment of the next day.
    var end: Timestamp { start.advanced(bySeconds: 86_400) }

    var next: Day { Day(of: end) }
    var previous: Day { Day(of: start.advanced(bySeconds: -86_400)) }

    /// As in addresses: `2026-11-23`.
    package var description: String { String(start.rfc3339.prefix(10)) }

    /// The first moment of an hour, 0 to 24.
    func hour(_ number: Int) -> Timestamp { start.advanced(bySeconds: Int64(number) * 3600) }
}
