import CSystem

/// The clock that people set, as the kernel sees it.
public enum SystemClock {
    /// The same moment on both clocks.
    public struct Reading: Sendable {
        /// UTC.
        public var wall: WallTime
        /// On the clock that nobody sets.
        public var instant: MonotonicInstant

        /// Creates a reading.
        public init(wall: WallTime, instant: MonotonicInstant) {
            (self.wall, self.instant) = (wall, instant)
        }
    }

    /// Reads both clocks, as closely together as a few tries allow.
    public static func read() -> Reading {
        var best: (reading: Reading, width: Duration)?
        for _ in 0..<4 {
            let before = MonotonicInstant.now()
            let wall = WallTime.now()
            let width = MonotonicInstant.now() - before
            let reading = Reading(wall: wall, instant: before + width / 2)
            if best.map({ width < $0.width }) ?? true { best = (reading, width) }
            if width < .microseconds(200) { break }
        }
        return best?.reading ?? Reading(wall: .now(), instant: .now())
    }

    /// True while a time server steers it (adjtimex(2)); false also where the kernel does not tell.
    public static var isSynchronized: Bool { observer_clock_is_synchronized() }

    /// The identity of the machine's present boot (random(4)); empty where the kernel does not tell.
    public static func bootID() -> String {
        let bytes = (try? File.contents(of: "/proc/sys/kernel/random/boot_id", limit: 64)) ?? []
        return String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)
    }
}
