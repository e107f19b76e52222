/// The present of a machine, with what is known of the time of day.
package struct Moment: Hashable, Sendable {
    /// The time of day of this moment and of those before it.
    package let time: TimeOfDay
    /// Microseconds of a clock that nobody sets; only differences mean anything, and only within one boot.
    package let uptime: Int64

    package init(_ uptime: Int64, _ time: TimeOfDay) {
        self.time = time
        self.uptime = uptime
    }

    /// Creates a moment at which one time of day counts for all moments before.
    package init(wall: Timestamp, uptime: Int64) {
        self.init(uptime, TimeOfDay(offset: wall.microseconds.addingSaturated(0 - uptime)))
    }

    /// The time of day of the moment.
    package var wall: Timestamp { time.wall(uptime) }
}
