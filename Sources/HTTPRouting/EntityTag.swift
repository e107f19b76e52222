/// A strong entity tag (RFC 9110, section 8.8.3).
public struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// The tag without its quotes.
    public let value: String

    /// Creates a tag.
    ///
    /// - Parameter value: ASCII text without quotes, such as a version number or a hash.
    public init(_ value: String) {
        self.value = value
    }

    /// The tag as in a header field.
    public var description: String { "\"\(value)\"" }
}
