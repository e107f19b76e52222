import System

/// Wakes the thread of a connection that waits for its socket when another thread has work for it.
final class WakeUp: Sendable {
    private let event = EventDescriptor()

    /// Ends a wait; from any thread.
    func post() {
        event.post()
    }

    /// Waits until `socket` can be read, ``post()`` was called, or the limit has passed.
    func wait(socket: Int32, within limit: Duration) {
        event.wait(orReadable: socket, milliseconds: Int32(clamping: limit.wholeMilliseconds))
    }
}
