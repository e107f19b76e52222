import Glibc
import Synchronization
import System

/// Ends library calls that hang.
///
/// `amqp_basic_publish` waits without limit while the broker does not read (memory or disk alarm), and heartbeats do not
/// end that wait. One thread per process looks at all connections and shuts down the socket of a call that takes more than
/// ``limit``; the call then returns with a socket error.
final class CallWatchdog: Sendable {
    static let limit: Duration = .seconds(10)
    static let shared = CallWatchdog()

    private let watches = Lock<[CallWatch]>([])
    private let isRunning = Atomic<Bool>(false)

    func add(_ watch: CallWatch) {
        watches.withLock { $0.append(watch) }
        guard !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = DedicatedThread.start(name: "amqp-watchdog", stackBytes: 64 * 1024) { [self] in
            while true {
                usleep(250_000)
                let late = MonotonicInstant.now().nanoseconds - Self.limit.wholeNanoseconds
                for watch in watches.withLock({ $0 }) { watch.endIfBegun(before: late) }
            }
        }  // ignored: lives as long as the process
    }

    func remove(_ watch: CallWatch) {
        watches.withLock { $0.removeAll { $0 === watch } }
    }
}
