/// The name of a header field: a token of RFC 9110, section 5.6.2.
public struct HeaderName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name as written.
    public let description: String

    /// Makes a name from a literal in the program.
    ///
    /// - Precondition: The text is a token: letters, digits and ``!#$%&'*+-.^_`|~``. A literal that is not is a mistake
    ///   in the program.
    public init(stringLiteral value: String) {
        precondition(!value.isEmpty && value.utf8.allSatisfy(\.isTokenByte), "not a header name: \(value)")
        description = value
    }

    /// `Content-Type`.
    public static let contentType: HeaderName = "Content-Type"
    /// `Location`.
    public static let location: HeaderName = "Location"
    /// `ETag`.
    public static let eTag: HeaderName = "ETag"
    /// `Cache-Control`.
    public static let cacheControl: HeaderName = "Cache-Control"
    /// `Retry-After`.
    public static let retryAfter: HeaderName = "Retry-After"
    /// `Set-Cookie`.
    public static let setCookie: HeaderName = "Set-Cookie"
    /// `Link`.
    public static let link: HeaderName = "Link"
    /// `Allow`.
    public static let allow: HeaderName = "Allow"
    /// `WWW-Authenticate`.
    public static let wwwAuthenticate: HeaderName = "WWW-Authenticate"
    /// `X-Accel-Redirect`: nginx answers with what is at this internal location instead.
    public static let accelRedirect: HeaderName = "X-Accel-Redirect"
}

/// A header field whose value can't end its line.
struct HeaderField: Sendable {
    let name: HeaderName
    let value: String

    /// Control characters become spaces: whatever the value is made of, it stays one field (RFC 9110, section 5.5).
    init(name: HeaderName, value: String) {
        self.name = name
        if value.utf8.contains(where: \.isControl) {
            self.value = String(decoding: value.utf8.map { $0.isControl ? 0x20 : $0 }, as: UTF8.self)
        } else {
            self.value = value
        }
    }
}

extension UInt8 {
    fileprivate var isControl: Bool { self < 0x20 || self == 0x7F }

    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
