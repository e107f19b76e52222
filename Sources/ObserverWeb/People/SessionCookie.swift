package import HTTPTypes

/// The cookie of a signed-in browser.
package struct SessionCookie: Sendable {
    /// True if people use https, by whatever way a request came.
    ///
    /// The cookie is then sent over https only, and to this host only (`__Host-`, RFC 6265bis 4.1.3). So is one that is set
    /// on a request that came by https.
    package let isSecure: Bool

    package init(isSecure: Bool) {
        self.isSecure = isSecure
    }

    /// The name contains the port: cookies are shared by all ports of a host (RFC 6265, section 8.5), and two Observers on
    /// one host must not replace each other's sessions.
    private func name(_ what: String, _ request: HTTPRequest) -> String {
        guard !isSecure(request) else { return "__Host-observer_\(what)" }
        let host = request.header(.host) ?? ""
        let port = host.lastIndex(of: ":").map { host[host.index(after: $0)...] } ?? ""
        let isPort = !port.isEmpty && port.utf8.allSatisfy { (48...57).contains($0) }
        return "observer_\(what)" + (isPort ? "_\(port)" : "")
    }

    private func isSecure(_ request: HTTPRequest) -> Bool { isSecure || AskedAddress(request).isSecure }

    private func attributes(_ request: HTTPRequest) -> String {
        "; Path=/; HttpOnly; SameSite=Lax" + (isSecure(request) ? "; Secure" : "")
    }

    /// The session's secret, if there is a cookie with the shape of one.
    package func read(_ request: HTTPRequest) -> String? {
        request.cookie(name("session", request)).flatMap { Self.isSecret($0) ? $0 : nil }
    }

    /// `Set-Cookie` for a session; it lasts until the browser or the server ends it.
    package func set(_ secret: String, _ request: HTTPRequest) -> String {
        name("session", request) + "=" + secret + attributes(request)
    }

    /// `Set-Cookie` that removes the session.
    package func clear(_ request: HTTPRequest) -> String {
        name("session", request) + "=" + attributes(request) + "; Max-Age=0"
    }

    /// The token of the sign-in form, which a cookie holds before sign-in.
    package func readGate(_ request: HTTPRequest) -> String? {
        request.cookie(name("gate", request)).flatMap { Self.isSecret($0) ? $0 : nil }
    }

    /// `Set-Cookie` for the sign-in form, good for an hour.
    package func setGate(_ secret: String, _ request: HTTPRequest) -> String {
        name("gate", request) + "=" + secret + attributes(request) + "; Max-Age=3600"
    }

    /// The mark of a browser from which somebody signed in.
    package func readBrowser(_ request: HTTPRequest) -> String? {
        request.cookie(name("browser", request)).flatMap { Self.isSecret($0) ? $0 : nil }
    }

    /// `Set-Cookie` for the mark of a browser, good for half a year; it opens nothing, it only tells people from strangers.
    package func setBrowser(_ secret: String, _ request: HTTPRequest) -> String {
        name("browser", request) + "=" + secret + attributes(request) + "; Max-Age=15552000"
    }

    /// 32 bytes in base64url.
    private static func isSecret(_ text: String) -> Bool {
        text.utf8.count == 43
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 45, 48...57, 65...90, 95, 97...122: true
                default: false
                }
            }
    }
}
