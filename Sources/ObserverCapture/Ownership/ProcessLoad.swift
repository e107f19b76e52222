import Glibc
import System

/// The number of processors that this process keeps busy.
struct ProcessLoad {
    private var last: (cpu: Double, at: MonotonicInstant)

    init() {
        last = (Self.seconds(), .now())
    }

    /// Returns the mean since the call before.
    mutating func measure() -> Double {
        let present = (cpu: Self.seconds(), at: MonotonicInstant.now())
        let passed = (present.at - last.at) / .seconds(1)
        defer { last = present }
        return passed > 0 ? max(0, present.cpu - last.cpu) / passed : 0
    }

    /// The time of all threads in user and system mode.
    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
