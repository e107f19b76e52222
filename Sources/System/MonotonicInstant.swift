import Glibc

/// A moment on a clock that nobody sets: `CLOCK_BOOTTIME`, which also runs while the machine is suspended.
///
/// Only differences mean anything, and only within one boot of one machine. A moment in the future is a deadline.
public struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the machine booted.
    public let nanoseconds: Int64

    /// Creates a moment; tests drive their clock by hand with it.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// A moment that has passed: what is due then is due at once.
    public static let distantPast = MonotonicInstant(nanoseconds: 0)
    /// A moment that does not come: what is due then is never due.
    public static let distantFuture = MonotonicInstant(nanoseconds: .max)

    /// The present moment.
    public static func now() -> MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Orders by time.
    public static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `duration` after `moment`, or the last one that there is.
    public static func + (moment: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return MonotonicInstant(nanoseconds: overflow ? (sum < 0 ? .max : .min) : sum)
    }

    /// The time from `right` to `left`.
    public static func - (left: MonotonicInstant, right: MonotonicInstant) -> Duration {
        .nanoseconds(left.nanoseconds) - .nanoseconds(right.nanoseconds)
    }
}

extension MonotonicInstant {
    /// Returns true if the moment lies in the past, or is the present one.
    public var hasPassed: Bool { MonotonicInstant.now() >= self }

    /// The time that is left until the moment, in milliseconds as poll(2) takes them; 0 when it has passed.
    ///
    /// Rounded up, so that a loop around poll does not spin in the last millisecond.
    public var pollMilliseconds: Int32 {
        let left = (self - MonotonicInstant.now()).wholeNanoseconds
        return left <= 0 ? 0 : Int32(clamping: (left - 1) / 1_000_000 + 1)
    }
}
