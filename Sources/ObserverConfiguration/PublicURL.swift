import System

/// The address that people use: scheme, host and port.
///
/// Every link of the pages begins at the root of a host, so a path in front is refused. `scripts/render-nginx` reads the same
/// setting by the same rule.
package struct PublicURL: Hashable, Sendable {
    /// True for `https`.
    package let isSecure: Bool
    /// A name in lower case, an IPv4 address, or an IPv6 address in brackets.
    package let host: String
    /// The port, also where it is the scheme's own.
    package let port: Int

    /// Reads `http://host`, `https://host:port`, and the like; returns nil for everything else.
    package init?(_ text: String) {
        let text = text.lowercased()
        guard let scheme = ["http", "https"].first(where: { text.hasPrefix("\($0)://") }) else { return nil }
        var authority = text.dropFirst(scheme.utf8.count + 3)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard let (host, port) = Self.split(authority) else { return nil }
        isSecure = scheme == "https"
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
    }

    /// `https://host`, with the port where it is not the scheme's own: as a browser writes it in `Origin`.
    package var origin: String {
        let usual = isSecure ? 443 : 80
        return "\(isSecure ? "https" : "http")://\(host)\(port == usual ? "" : ":\(port)")"
    }

    /// Returns true for a text that would be an address but for the path at its end.
    static func hasPath(_ text: String) -> Bool {
        guard let start = text.firstRange(of: "://")?.upperBound,
            let slash = text[start...].firstIndex(of: "/")
        else { return false }
        return PublicURL(String(text[..<slash])) != nil && slash != text.index(before: text.endIndex)
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            let digits = authority[authority.index(after: colon)...]
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits), (1...65_535).contains(number)
            else { return nil }
            (host, port) = (authority[..<colon], number)
        }
        guard !host.hasPrefix("[") else {
            guard host.hasSuffix("]"), host.utf8.count > 2 else { return nil }
            // Spelt as browsers spell it.
            let address = SocketAddress(numeric: String(host.dropFirst().dropLast()), port: 0)
            guard let address, address.bytes.count == 16 else { return nil }
            return (String(address.description.dropLast(2)), port)
        }
        return isName(host) ? (String(host), port) : nil
    }

    private static func isName(_ host: Substring) -> Bool {
        guard let first = host.utf8.first, let last = host.utf8.last, (1...253).contains(host.utf8.count) else {
            return false
        }
        let marks: ClosedRange<UInt8> = 45...46
        return !marks.contains(first) && !marks.contains(last)
            && host.utf8.allSatisfy { byte in
                switch byte {
                case 45, 46, 48...57, 95, 97...122: true
                default: false
                }
            }
    }
}
