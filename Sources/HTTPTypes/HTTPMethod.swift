/// A request method (RFC 9110, section 9); any name can be represented, since clients send any.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, Comparable, ExpressibleByStringLiteral {
    /// The name as sent; method names are case-sensitive.
    public let rawValue: String

    /// Creates a method from its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Creates a method from a literal.
    public init(stringLiteral value: String) {
        rawValue = value
    }

    /// Orders by name.
    public static func < (left: HTTPMethod, right: HTTPMethod) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension HTTPMethod {
    /// `GET`.
    public static let get = HTTPMethod(rawValue: "GET")
    /// `HEAD`.
    public static let head = HTTPMethod(rawValue: "HEAD")
    /// `POST`.
    public static let post = HTTPMethod(rawValue: "POST")
    /// `PUT`.
    public static let put = HTTPMethod(rawValue: "PUT")
    /// `PATCH`.
    public static let patch = HTTPMethod(rawValue: "PATCH")
    /// `DELETE`.
    public static let delete = HTTPMethod(rawValue: "DELETE")
}
