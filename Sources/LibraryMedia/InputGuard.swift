import CLibAV
import ConnectionGuard
import Crypto
import Encodings
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

    private let trust: CertificateTrust

    init(
        trust: CertificateTrust,
        _ admit: @escaping @Sendable (_ address: [UInt8], _ port: Int) throws(MediaError) -> Void
    ) {
        let last = last
        self.trust = trust
        let isGood: (ConnectionGuard.Certificate) -> Bool = { certificate in
            last.error = trust.objection(to: certificate)
            return last.error == nil
        }
        let isAllowed: (ConnectionGuard.Attempt) -> Bool = { attempt in
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
        connections = ConnectionGuard(isAllowed, isGood: trust == .any ? nil : isGood)
    }

    /// The reason why the last connection or certificate was refused; a refused datagram ends no stream and is not kept.
    var refusal: MediaError? { last.error }

    func enter(_ interrupt: MediaInterrupt) throws(MediaError) {
        guard ConnectionGuard.isEffective else {
            throw MediaError(.refused, "this program is linked so that connections cannot be checked")
        }
        guard trust == .any || ConnectionGuard.checksCertificates else {
            throw MediaError(.refused, "the library of this machine cannot check certificates")
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

extension CertificateTrust {
    /// The reason why a certificate is not good enough; nil if it is.
    fileprivate func objection(to certificate: ConnectionGuard.Certificate) -> MediaError? {
        let fingerprint = SHA256.hash(certificate.bytes).hex
        switch self {
        case .any: return nil
        case .system:
            guard !certificate.isTrusted else { return nil }
            return MediaError(
                .refused,
                "no authority vouches for the camera's certificate and its name; its SHA-256 is \(fingerprint)"
            )
        case .pinned(fingerprint): return nil
        case .pinned(nil):
            return MediaError(
                .refused,
                "the camera's certificate is not known yet; if it is right, set tls to pinned:\(fingerprint)"
            )
        case .pinned:
            return MediaError(
                .refused,
                "the camera's certificate is not the pinned one; its SHA-256 is \(fingerprint)"
            )
        }
    }
}
