package import HTTPTypes
package import ObserverConfiguration

/// The address under which a browser asked, as nginx tells it: nginx writes both headers itself and lets those of a client
/// through only where a trusted proxy sent them.
package struct AskedAddress: Sendable {
    /// True if the client came by https, to nginx or to a proxy that is trusted.
    package let isSecure: Bool
    /// The host with the port, as it was asked for.
    let host: String

    package init(_ request: HTTPRequest) {
        isSecure = request.header("X-Forwarded-Proto") == "https"
        host = request.header(.host) ?? ""
    }

    /// The address as a text for people.
    package var text: String {
        let written = "\(isSecure ? "https" : "http")://\(host.prefix(200))"
        return PublicURL(written)?.origin ?? written
    }

    /// Returns true for the `Origin` of a page at this host: a proxy may have ended TLS without saying so.
    func isOrigin(_ origin: String) -> Bool {
        guard !host.isEmpty, let origin = PublicURL(origin) else { return false }
        return ["http", "https"].contains { PublicURL("\($0)://\(host)") == origin }
    }

    /// Returns advice where a form failed because people came by another address than the public one.
    ///
    /// - Parameters:
    ///   - publicURL: The address people use, if it is set.
    ///   - origin: The `Origin` that the browser sent.
    /// - Returns: A sentence or more; nil where the addresses are the same.
    package func difference(from publicURL: PublicURL?, origin: String?) -> String? {
        guard let publicURL, text != publicURL.origin, origin.flatMap(PublicURL.init) != publicURL else { return nil }
        let sentence =
            "This was asked for at \(text), and people use \(publicURL.origin) (OBSERVER_PUBLIC_URL). "
            + "Open it there, or set OBSERVER_PUBLIC_URL to the address that you use."
        guard publicURL.isSecure, !isSecure else { return sentence }
        return sentence
            + " If a proxy ends TLS there, it has to send X-Forwarded-Proto and be one of OBSERVER_TRUSTED_PROXIES."
    }
}
