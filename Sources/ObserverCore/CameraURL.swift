import Encodings

/// The URL of a camera, taken apart: what is stored and shown has no user information in it.
///
/// One reader for all: what this type accepts is what the recorder opens. Schemes are an allow-list, because libavformat
/// also understands ones that read local files.
package struct CameraURL: Hashable, Sendable {
    package static let longest = 2048
    /// The schemes that are allowed, with their default ports.
    package static let schemes: [(String, Int)] = [
        ("rtsp", 554), ("rtsps", 322), ("http", 80), ("https", 443), ("rtmp", 1935), ("rtmps", 443),
    ]

    /// In lower case.
    package let scheme: String
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// Path and query as written, from the first `/` or `?`; may be empty.
    package let rest: String
    /// Percent-decoded.
    package let username: String?
    /// Percent-decoded.
    package let password: String?
    private let explicitPort: Bool

    /// The URL without user information.
    package var text: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(shown)\(explicitPort ? ":\(port)" : "")\(rest)"
    }

    /// The address, where the host is one, however it is spelled.
    package var address: IPAddress? {
        IPAddress(host)
    }

    /// Returns true if both lead to the same program: the same scheme, host and port.
    package func isSameServer(as other: CameraURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// Reads a URL that somebody typed: refuses what is part of a password and looks like the end of the authority.
    ///
    /// - Throws: `CameraURLError`, which says what to change.
    package static func parse(typed text: String) throws(CameraURLError) -> CameraURL {
        guard text.utf8.count <= longest else { throw CameraURLError(.tooLong) }
        if let separator = text.firstRange(of: "://") {
            try checkUserInformation(text[separator.upperBound...])
        }
        let url = try parse(text)
        // What follows would be lost, and can be half of a password.
        guard !text.contains("#") else { throw CameraURLError(.fragment) }
        return url
    }

    /// Finds the first character before the last `@` that has to be written otherwise there.
    private static func checkUserInformation(_ rest: Substring) throws(CameraURLError) {
        guard let last = rest.lastIndex(of: "@") else { return }
        let user = rest[..<last]
        if let end = user.firstIndex(where: { "/?#".contains($0) }) {
            // An "@" in a path is one only where no password can be meant: without a colon, or behind a host that is an address.
            var host = user[..<end]
            if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
            host = host.hasPrefix("[") ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
            let isAddress = host.contains { ".:".contains($0) } && IPAddress(String(host)) != nil
            guard isAddress || !user.contains(":") else { throw CameraURLError(.rawCharacter, String(user[end])) }
            return
        }
        if user.contains("@") { throw CameraURLError(.rawCharacter, "@") }
        if PercentEncoding.decodeText(user) == nil { throw CameraURLError(.rawCharacter, "%") }
    }

    /// Reads a URL.
    ///
    /// - Throws: `CameraURLError`, which says what to change.
    package static func parse(_ text: String) throws(CameraURLError) -> CameraURL {
        guard !text.isEmpty else { throw CameraURLError(.empty) }
        guard text.utf8.count <= longest else { throw CameraURLError(.tooLong) }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw CameraURLError(.forbiddenCharacter)
        }
        guard let separator = text.firstRange(of: "://") else { throw CameraURLError(.noScheme) }
        let scheme = text[..<separator.lowerBound].lowercased()
        // Whatever else stands there can be a password, and is not repeated.
        guard scheme.utf8.count <= 20,
            scheme.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 43 })
        else {
            throw CameraURLError(.noScheme)
        }
        guard let defaultPort = schemes.first(where: { $0.0 == scheme })?.1 else {
            throw CameraURLError(.forbiddenScheme, scheme)
        }

        let afterScheme = text[separator.upperBound...]
        let end = afterScheme.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? afterScheme.endIndex
        let rest = String(afterScheme[end...].prefix { $0 != "#" })
        var authority = afterScheme[..<end]
        var username: String?
        var password: String?
        if let at = authority.firstIndex(of: "@") {
            (username, password) = try userInformation(authority[..<at])
            authority = authority[authority.index(after: at)...]
            guard !authority.contains("@") else { throw CameraURLError(.badUserInformation) }
        }
        let (host, portText) = try splitPort(authority)
        var port = defaultPort
        if let portText {
            guard portText.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(portText),
                (1...65_535).contains(number)
            else { throw CameraURLError(.badPort) }
            port = number
        }
        return CameraURL(
            scheme: scheme,
            host: host,
            port: port,
            rest: rest,
            username: username,
            password: password,
            explicitPort: portText != nil
        )
    }

    /// Refuses a literal address that the policy forbids, and names that always mean this machine.
    ///
    /// Other names can only be judged when they are resolved, which the recorder does.
    package func check(_ policy: NetworkPolicy) throws(CameraURLError) {
        // A dot at its end means the same name, not searched for in other domains.
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if let address {
            guard policy.allows(address, port: port) else { throw CameraURLError(.forbiddenAddress, host) }
        } else if name == "localhost" || name.hasSuffix(".localhost") {
            let loopback = ["127.0.0.1", "::1"].compactMap { IPAddress($0) }
            guard loopback.contains(where: { policy.allows($0, port: port) }) else {
                throw CameraURLError(.forbiddenAddress, host)
            }
        }
    }

    private static func userInformation(_ text: Substring) throws(CameraURLError) -> (String?, String?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = PercentEncoding.decodeText(parts[0]) else { throw CameraURLError(.badUserInformation) }
        guard parts.count == 2 else { return (user.isEmpty ? nil : user, nil) }
        guard let password = PercentEncoding.decodeText(parts[1]) else { throw CameraURLError(.badUserInformation) }
        return (user.isEmpty ? nil : user, password)
    }

    private static func splitPort(_ authority: Substring) throws(CameraURLError) -> (host: String, port: String?) {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw CameraURLError(.badHost) }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw CameraURLError(.badHost) }
            port = after.isEmpty ? nil : after.dropFirst()
            guard host.contains(":"), IPAddress(String(host)) != nil else { throw CameraURLError(.badHost) }
        } else {
            if let colon = authority.firstIndex(of: ":") {
                host = authority[..<colon]
                port = authority[authority.index(after: colon)...]
            }
            guard !host.isEmpty else { throw CameraURLError(.noHost) }
            guard isName(host) else { throw CameraURLError(.badHost) }
        }
        return (host.lowercased(), port.map { String($0) })
    }

    /// Letters, digits, hyphens and underscores between dots; a name whose last label is a number must be an address.
    private static func isName(_ host: Substring) -> Bool {
        guard host.utf8.count <= 253 else { return false }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let named = labels.last == "" ? labels.dropLast() : labels[...]
        guard let last = named.last else { return false }
        let letters = named.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case 45, 48...57, 65...90, 95, 97...122: true
                    default: false
                    }
                }
        }
        guard letters else { return false }
        let looksNumeric =
            last.utf8.allSatisfy { (48...57).contains($0) } || last.hasPrefix("0x") || last.hasPrefix("0X")
        return !looksNumeric || IPAddress(String(host)) != nil
    }
}
