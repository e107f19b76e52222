import System
import CRabbitMQ
import Glibc

/// Wakes the thread of a connection that waits for its socket, when another thread has work for it.
final class WakeUp: Sendable {
    private let event = observer_eventfd()

    deinit { if event >= 0 { close(event) } }

    /// From any thread.
    func post() {
        if event >= 0 { observer_event_post(event) }
    }

    /// Waits until `socket` can be read, ``post()`` was called, or the limit.
    func wait(socket: Int32, within limit: Duration) {
        let milliseconds = Int32(clamping: limit.wholeMilliseconds)
        _ = observer_wait_readable(socket, event, milliseconds)  // ignored: the caller looks at everything anyway
    }
}
