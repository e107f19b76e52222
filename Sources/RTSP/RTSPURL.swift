/// An RTSP address in its three parts, each as it was written.
///
/// Request lines repeat an address letter by letter, because a name that a server compares with its own is not to be
/// replaced by the address it resolved to.
public struct RTSPURL: Hashable, Sendable {
    /// `rtsp` or `rtsps`.
    public let scheme: String
    /// Host and port as written, without user information.
    public let authority: String
    /// Path and query as written, from the first `/` or `?`; may be empty.
    public let rest: String

    /// Reads an address; nil if it is not RTSP or names no host.
    ///
    /// User information is dropped: credentials travel in headers alone.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            return nil
        }
        let scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        guard scheme == "rtsp" || scheme == "rtsps" else { return nil }
        let tail = bytes[(colon + 3)...]
        let end = tail.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? tail.endIndex
        let authority = tail[..<end].split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).last ?? []
        guard !authority.isEmpty else { return nil }
        self.init(
            scheme: scheme,
            authority: Self.clean(authority),
            rest: Self.clean(tail[end...].prefix { $0 != UInt8(ascii: "#") })
        )
    }

    private init(scheme: String, authority: String, rest: String) {
        self.scheme = scheme
        self.authority = authority
        self.rest = rest
    }

    /// The address as one text.
    public var text: String { "\(scheme)://\(authority)\(rest)" }

    /// The host in lower case, without its port.
    public var host: String {
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            return authority[...close].lowercased()
        }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    /// Returns true if both name the same host, and `self` does not give up the encryption of `other`.
    public func isSafeForCredentials(of other: RTSPURL) -> Bool {
        host == other.host && (scheme == other.scheme || scheme == "rtsps")
    }

    /// The same path and query at the server of another address.
    func rebased(on other: RTSPURL) -> RTSPURL {
        RTSPURL(scheme: other.scheme, authority: other.authority, rest: rest)
    }

    /// The same server with another path and query.
    func replacing(rest: some Sequence<UInt8>) -> RTSPURL {
        RTSPURL(scheme: scheme, authority: authority, rest: Self.clean(rest))
    }

    /// Percent-encodes what would end a request line early: blanks and control characters.
    static func clean(_ bytes: some Sequence<UInt8>) -> String {
        var result: [UInt8] = []
        for byte in bytes {
            if byte > 0x20, byte != 0x7F {
                result.append(byte)
            } else {
                result += Array("%".utf8) + [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
