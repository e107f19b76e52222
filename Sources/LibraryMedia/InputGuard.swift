import CLibAV
import ConnectionGuard
import Media

/// Asks the caller about every connection that is made for a source, wherever a redirect, a playlist or a name leads.
///
/// Between `enter` and `leave` the present thread belongs to the source; used by that thread alone.
final class InputGuard {
    private final class LastRefusal {
        var error: MediaError?
    }

    private let last = LastRefusal()
    private let connections: ConnectionGuard

    init(_ admit: @escaping @Sendable (_ address: [UInt8], _ port: Int) throws(MediaError) -> Void) {
        let last = last
        connections = ConnectionGuard { attempt in
            do throws(MediaError) {
                try admit(attempt.address, attempt.port)
                // A host of which one address is forbidden can be reached by another.
                if attempt.isConnection { last.error = nil }
                return true
            } catch {
                if attempt.isConnection { last.error = error }
                return false
            }
        }
    }

    /// The reason why the last connection was refused; a refused datagram ends no stream and is not kept.
    var refusal: MediaError? { last.error }

    func enter(_ interrupt: MediaInterrupt) throws(MediaError) {
        guard ConnectionGuard.isEffective else {
            throw MediaError(.refused, "this program is linked so that connections cannot be checked")
        }
        guard let handle = interrupt.handle else { throw MediaError(.file, "no memory for a stream") }
        observer_input_enter(handle)
        connections.enter()
    }

    func leave() {
        connections.leave()
        observer_input_leave()
    }

    /// Clears the last refusal.
    func forget() {
        last.error = nil
    }
}
