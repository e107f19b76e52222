/// The present on both clocks of a machine.
package struct Moment: Hashable, Sendable {
    /// By the clock that people set.
    package let wall: Timestamp
    /// Microseconds of a clock that nobody sets; only differences mean anything, and only within one process.
    package let uptime: Int64

    package init(wall: Timestamp, uptime: Int64) {
        self.wall = wall
        self.uptime = uptime
    }
}
