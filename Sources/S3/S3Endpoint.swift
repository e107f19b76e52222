/// The server of a store: scheme, host and port, and the path below which it serves S3.
public struct S3Endpoint: Sendable, Hashable {
    /// `http` or `https`.
    public let scheme: String
    /// Host and, where it is not the scheme's own, port.
    public let authority: String
    /// The host name or address, without brackets.
    public let host: String
    /// The TCP port.
    public let port: Int
    /// The path in front of every bucket, without a slash at its end: `/storage/v1/s3`; mostly empty.
    public let path: String

    /// Reads `http://host:port/path` or `https://host:port/path`; port and path may be left out.
    ///
    /// - Throws: ``S3Error`` of kind `badEndpoint`.
    public init(_ text: String) throws(S3Error) {
        guard let scheme = ["http", "https"].first(where: { text.hasPrefix($0 + "://") }) else { throw Self.bad }
        let rest = text.dropFirst(scheme.utf8.count + 3)
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        if path.hasSuffix("/") { path = path.dropLast() }
        guard Self.isPath(path) else { throw Self.bad }
        self.path = String(path)
        let isAllowed = authority.utf8.allSatisfy { byte in
            switch byte {
            case 45, 46, 48...58, 65...91, 93, 95, 97...122: true
            default: false
            }
        }
        guard isAllowed, let (host, port) = Self.split(authority) else { throw Self.bad }
        let standardPort = scheme == "http" ? 80 : 443
        self.scheme = scheme
        self.host = host
        self.port = port ?? standardPort
        let shownHost = authority.hasPrefix("[") ? "[\(host)]" : host
        self.authority = self.port == standardPort ? shownHost : "\(shownHost):\(self.port)"
    }

    private static var bad: S3Error {
        S3Error(.badEndpoint, "must be http://host:port or https://host:port, with a path where the store has one")
    }

    /// Returns true for a path of plain names, which is sent and signed as it is.
    private static func isPath(_ path: Substring) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().allSatisfy { name in
            !name.isEmpty && name != "." && name != ".."
                && name.utf8.allSatisfy { byte in
                    switch byte {
                    case 45, 46, 48...57, 65...90, 95, 97...122, 126: true
                    default: false
                    }
                }
        }
    }

    /// Splits `host`, `host:port`, `[address]` or `[address]:port`.
    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var rest: Substring = ""
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            rest = authority[colon...]
        }
        guard !host.isEmpty, !host.contains(where: { $0 == "[" || $0 == "]" }) else { return nil }
        guard !rest.isEmpty else { return (String(host), nil) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65_535).contains(port) else { return nil }
        return (String(host), port)
    }
}
