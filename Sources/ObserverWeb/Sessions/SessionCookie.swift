package import FastCGI

/// The cookie of a signed-in browser.
package struct SessionCookie: Sendable {
    /// Whether people come by https: then the cookie goes that way only, and to this host alone (`__Host-`, RFC 6265bis
    /// 4.1.3).
    package let isSecure: Bool

    package init(isSecure: Bool) {
        self.isSecure = isSecure
    }

    private var name: String { isSecure ? "__Host-observer_session" : "observer_session" }
    /// Before sign-in: holds what the form must carry.
    private var gateName: String { isSecure ? "__Host-observer_gate" : "observer_gate" }
    private var attributes: String { "; Path=/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "") }

    /// The session's secret, if there is a cookie with the shape of one.
    package func read(_ request: Request) -> String? {
        request.cookie(name).flatMap { Self.isSecret($0) ? $0 : nil }
    }

    /// `Set-Cookie` for a session; it ends with the browser, or when the server says.
    package func set(_ secret: String) -> String {
        name + "=" + secret + attributes
    }

    /// `Set-Cookie` that removes the session.
    package var clear: String { name + "=" + attributes + "; Max-Age=0" }

    /// The secret of the sign-in form.
    package func readGate(_ request: Request) -> String? {
        request.cookie(gateName).flatMap { Self.isSecret($0) ? $0 : nil }
    }

    /// `Set-Cookie` for the sign-in form, good for an hour.
    package func setGate(_ secret: String) -> String {
        gateName + "=" + secret + attributes + "; Max-Age=3600"
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
