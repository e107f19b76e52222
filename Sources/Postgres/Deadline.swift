import Glibc

/// The moment at which a call is given up, on a clock that nobody sets.
struct Deadline {
    private let nanoseconds: Int64

    init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        // A year is more than any caller waits and keeps the sum within 64 bits.
        let limited = min(max(seconds, 0), 365 * 86_400)
        nanoseconds = Self.now &+ limited &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    private init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    var hasPassed: Bool { Self.now >= nanoseconds }

    /// What is left for poll(2), rounded up so that it does not spin in the last millisecond; 0 when it has passed.
    var pollMilliseconds: Int32 {
        let left = nanoseconds - Self.now
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }
}
