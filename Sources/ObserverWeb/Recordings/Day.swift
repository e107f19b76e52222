package import ObserverCore

/// A day as people count it in a time zone: of 24 hours, and sometimes of 23 or 25.
package struct Day: Hashable, Sendable, CustomStringConvertible {
    package let date: LocalDate
    package let zone: TimeZoneRules
    /// Its first moment, and that of the next day.
    package let span: TimeSpan

    package init(_ date: LocalDate, in zone: TimeZoneRules) {
        self.date = date
        self.zone = zone
        span = zone.span(of: date)
    }

    package init(of moment: Timestamp, in zone: TimeZoneRules = .utc) {
        self.init(zone.date(of: moment), in: zone)
    }

    /// Reads `2026-11-23`; nil for anything else.
    package init?(_ text: String, in zone: TimeZoneRules = .utc) {
        guard let date = LocalDate(text) else { return nil }
        self.init(date, in: zone)
    }

    /// Its first moment.
    package var start: Timestamp { span.startedAt }
    /// The first moment of the next day.
    package var end: Timestamp { span.endedAt }

    var next: Day { Day(date.next, in: zone) }
    var previous: Day { Day(date.previous, in: zone) }

    /// As in addresses: `2026-11-23`.
    package var description: String { date.description }

    /// Its hours, each from a full hour of the clocks to the next.
    var hours: [TimeSpan] { zone.hours(of: span) }
}
