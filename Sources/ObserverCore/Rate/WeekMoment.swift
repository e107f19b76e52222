import Encodings

/// A minute of the week, as clocks on the wall show it.
package struct WeekMoment: Hashable, Sendable {
    /// The days in the order of ISO 8601.
    package static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    package static let minutesOfDay = 24 * 60

    /// The day, 0 for Monday to 6 for Sunday.
    package let day: Int
    /// The minute of the day, 0 to 1439.
    package let minute: Int

    package init(day: Int, minute: Int) {
        self.day = day
        self.minute = minute
    }

    /// Creates the minute that clocks show which are ahead of UTC by so many seconds.
    package init(_ moment: Timestamp, secondsAhead: Int) {
        let local = moment.advanced(bySeconds: Int64(secondsAhead)).milliseconds
        // 1970 began on a Thursday.
        let days = local.flooredQuotient(by: 86_400_000)
        day = Int((days % 7 + 7 + 3) % 7)
        let date = CivilDate(milliseconds: local)
        minute = date.hour * 60 + date.minute
    }

    /// The same minute of the day before.
    package var dayBefore: WeekMoment { WeekMoment(day: (day + 6) % 7, minute: minute) }
}
