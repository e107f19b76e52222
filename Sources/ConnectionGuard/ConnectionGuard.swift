import CConnectionGuard

/// A check of every connection and datagram that a thread makes between `enter` and `leave`, in whichever library.
///
/// Addresses that are not allowed fail with EACCES. Used by one thread at a time. It works where the dynamic linker finds
/// the executable's `connect` and `sendto` before libc's; `isEffective` knows.
public final class ConnectionGuard {
    /// A connection or datagram that a library is about to make.
    public struct Attempt: Hashable, Sendable {
        /// The address, 4 or 16 bytes in network order.
        public let address: [UInt8]
        /// The port.
        public let port: Int
        /// True for a connection, false for a datagram.
        public let isConnection: Bool
    }

    private let isAllowed: (Attempt) -> Bool

    /// Creates a guard; `isAllowed` is called on the guarded thread, inside the library's call.
    public init(_ isAllowed: @escaping (Attempt) -> Bool) {
        self.isAllowed = isAllowed
    }

    /// True if all connections of this process can be checked; where not, nothing hostile may be opened.
    public static let isEffective = observer_connections_are_checked()

    /// Guards the calling thread from now on.
    ///
    /// The guard must live until `leave`.
    public func enter() {
        observer_connections_guard(ConnectionGuard.check, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Ends the guarding of the calling thread.
    public func leave() {
        observer_connections_release()
    }

    private static let check: observer_connection_check = { context, bytes, size, port, isConnection in
        guard let context else { return false }
        let present = Unmanaged<ConnectionGuard>.fromOpaque(context).takeUnretainedValue()
        let address = Array(UnsafeBufferPointer(start: bytes, count: size))
        return present.isAllowed(Attempt(address: address, port: Int(port), isConnection: isConnection))
    }
}
