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

    /// A certificate that the other side of a TLS connection has shown.
    public struct Certificate: Hashable, Sendable {
        /// Its bytes (DER).
        public let bytes: [UInt8]
        /// True if an authority of the system vouches for it and it bears the name of the host.
        public let isTrusted: Bool
    }

    private let isAllowed: (Attempt) -> Bool
    private let isGood: ((Certificate) -> Bool)?

    /// Creates a guard.
    ///
    /// - Parameters:
    ///   - isAllowed: Decides about connections and datagrams; called on the guarded thread, inside the library's call.
    ///   - isGood: Decides about certificates, likewise; nil to look at none.
    public init(_ isAllowed: @escaping (Attempt) -> Bool, isGood: ((Certificate) -> Bool)? = nil) {
        self.isAllowed = isAllowed
        self.isGood = isGood
    }

    /// True if certificates can be checked: the TLS of this process is GnuTLS's.
    public static let checksCertificates = observer_certificates_are_checked()

    /// True if all connections of this process can be checked; where not, nothing hostile may be opened.
    public static let isEffective = observer_connections_are_checked()

    /// Guards the calling thread from now on.
    ///
    /// The guard must live until `leave`.
    public func enter() {
        observer_connections_guard(ConnectionGuard.check, Unmanaged.passUnretained(self).toOpaque())
        if isGood != nil { observer_certificates_guard(ConnectionGuard.certificateCheck) }
    }

    /// Ends the guarding of the calling thread.
    public func leave() {
        observer_connections_release()
    }

    private static let certificateCheck: observer_certificate_check = { context, bytes, size, isTrusted in
        guard let context else { return false }
        let present = Unmanaged<ConnectionGuard>.fromOpaque(context).takeUnretainedValue()
        let certificate = Array(UnsafeBufferPointer(start: bytes, count: size))
        return present.isGood?(Certificate(bytes: certificate, isTrusted: isTrusted)) ?? false
    }

    private static let check: observer_connection_check = { context, bytes, size, port, isConnection in
        guard let context else { return false }
        let present = Unmanaged<ConnectionGuard>.fromOpaque(context).takeUnretainedValue()
        let address = Array(UnsafeBufferPointer(start: bytes, count: size))
        return present.isAllowed(Attempt(address: address, port: Int(port), isConnection: isConnection))
    }
}
