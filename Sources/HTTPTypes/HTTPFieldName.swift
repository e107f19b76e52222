/// The name of a header field: a token of RFC 9110, section 5.6.2, compared without regard to case.
public struct HTTPFieldName: Sendable, CustomStringConvertible {
    /// The name as written.
    public let description: String

    /// Creates a name from text; nil if the text is not a token.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isTokenByte) else { return nil }
        description = text
    }
}

extension HTTPFieldName: Hashable {
    /// Compares the names as ASCII without regard to case.
    public static func == (left: HTTPFieldName, right: HTTPFieldName) -> Bool {
        let left = left.description.utf8
        let right = right.description.utf8
        return left.count == right.count && left.elementsEqual(right) { $0.lowercasedASCII == $1.lowercasedASCII }
    }

    /// Hashes the lower-case name.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte.lowercasedASCII) }
    }
}

extension HTTPFieldName: ExpressibleByStringLiteral {
    /// Creates a name from a literal.
    ///
    /// - Precondition: The literal is a token.
    public init(stringLiteral value: String) {
        guard let name = HTTPFieldName(value) else { preconditionFailure("not a header field name: \(value)") }
        self = name
    }
}

extension HTTPFieldName {
    /// `Accept`.
    public static let accept: HTTPFieldName = "Accept"
    /// `Allow`.
    public static let allow: HTTPFieldName = "Allow"
    /// `Authorization`.
    public static let authorization: HTTPFieldName = "Authorization"
    /// `Cache-Control`.
    public static let cacheControl: HTTPFieldName = "Cache-Control"
    /// `Content-Location`.
    public static let contentLocation: HTTPFieldName = "Content-Location"
    /// `Content-Type`.
    public static let contentType: HTTPFieldName = "Content-Type"
    /// `Cookie`.
    public static let cookie: HTTPFieldName = "Cookie"
    /// `ETag`.
    public static let eTag: HTTPFieldName = "ETag"
    /// `Host`.
    public static let host: HTTPFieldName = "Host"
    /// `If-Match`.
    public static let ifMatch: HTTPFieldName = "If-Match"
    /// `If-None-Match`.
    public static let ifNoneMatch: HTTPFieldName = "If-None-Match"
    /// `Link`.
    public static let link: HTTPFieldName = "Link"
    /// `Location`.
    public static let location: HTTPFieldName = "Location"
    /// `Origin`.
    public static let origin: HTTPFieldName = "Origin"
    /// `Retry-After`.
    public static let retryAfter: HTTPFieldName = "Retry-After"
    /// `Set-Cookie`.
    public static let setCookie: HTTPFieldName = "Set-Cookie"
    /// `User-Agent`.
    public static let userAgent: HTTPFieldName = "User-Agent"
    /// `WWW-Authenticate`.
    public static let wwwAuthenticate: HTTPFieldName = "WWW-Authenticate"
    /// `X-Accel-Redirect`, with which nginx serves an internal location in place of the response.
    public static let accelRedirect: HTTPFieldName = "X-Accel-Redirect"
}

extension UInt8 {
    fileprivate var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: "!#$%&'*+.^_`|~".utf8.contains(self)
        }
    }
}
