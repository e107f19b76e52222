public import Glibc

/// A moment on the clock that people set (`CLOCK_REALTIME`): metadata, on which nothing is decided.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Whole seconds since 1970 in UTC.
    public let seconds: Int64
    /// The nanoseconds within the second, 0 to 999,999,999.
    public let nanoseconds: Int32

    /// Creates a moment; nanoseconds outside 0 to 999,999,999 are limited to that.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = min(max(nanoseconds, 0), 999_999_999)
    }

    /// Takes over a moment of the system's.
    public init(_ time: timespec) {
        self.init(seconds: Int64(time.tv_sec), nanoseconds: Int32(clamping: time.tv_nsec))
    }

    /// The present moment.
    public static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(time)
    }

    /// Milliseconds since 1970, rounded down.
    public var milliseconds: Int64 { seconds &* 1000 &+ Int64(nanoseconds / 1_000_000) }

    /// Microseconds since 1970, rounded down.
    public var microseconds: Int64 { seconds &* 1_000_000 &+ Int64(nanoseconds / 1000) }

    /// Orders by time.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
