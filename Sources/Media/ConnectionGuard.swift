import CLibAV

/// Asks the caller about every connection that is made for a source, wherever a redirect, a playlist or a name leads.
///
/// Between `enter` and `leave` the present thread belongs to the source; used by that thread alone.
final class ConnectionGuard {
    private let admit: @Sendable (_ address: [UInt8], _ port: Int) throws(MediaError) -> Void
    /// Why the last connection was not made; a datagram that is not sent ends no stream and leaves none.
    private(set) var refusal: MediaError?

    init(_ admit: @escaping @Sendable (_ address: [UInt8], _ port: Int) throws(MediaError) -> Void) {
        self.admit = admit
    }

    func enter(_ interrupt: MediaInterrupt) throws(MediaError) {
        guard ConnectionGuard.isEffective else {
            throw MediaError(.refused, "this program is linked so that connections cannot be checked")
        }
        guard let handle = interrupt.handle else { throw MediaError(.file, "no memory for a stream") }
        observer_input_enter(handle, ConnectionGuard.check, Unmanaged.passUnretained(self).toOpaque())
    }

    func leave() {
        observer_input_leave()
    }

    /// What was refused led to no harm: the stream goes on.
    func forget() {
        refusal = nil
    }

    private static let isEffective = observer_connections_are_checked()

    private static let check: observer_connection_check = { opaque, bytes, size, port, isConnection in
        guard let opaque else { return false }
        let present = Unmanaged<ConnectionGuard>.fromOpaque(opaque).takeUnretainedValue()
        do throws(MediaError) {
            try present.admit(Array(UnsafeBufferPointer(start: bytes, count: size)), Int(port))
            // A host of which one address is forbidden can be reached by another.
            if isConnection { present.refusal = nil }
            return true
        } catch {
            if isConnection { present.refusal = error }
            return false
        }
    }
}
