import Glibc
import Synchronization
import System

/// The start of the current call of one connection.
final class CallWatch: Sendable {
    /// Nanoseconds of the monotonic clock; 0 while no call runs.
    private let begun = Atomic<Int64>(0)
    private let socket: Lock<Int32>

    init(socket: Int32) {
        self.socket = Lock(socket)
    }

    func begin() { begun.store(MonotonicInstant.now().nanoseconds, ordering: .relaxed) }

    func end() { begun.store(0, ordering: .relaxed) }

    /// Must be called before the descriptor is closed, since its number may then be given to another file.
    func forget() { socket.withLock { $0 = -1 } }

    func endIfBegun(before limit: Int64) {
        let since = begun.load(ordering: .relaxed)
        guard since != 0, since < limit else { return }
        socket.withLock { descriptor in
            guard descriptor >= 0 else { return }
            shutdown(descriptor, Int32(SHUT_RDWR))
            descriptor = -1
        }
    }
}
