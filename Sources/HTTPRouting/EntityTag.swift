/// An entity tag (RFC 9110, section 8.8.3).
public struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// The tag without its quotes.
    public let value: String
    /// True for a tag that stands for the meaning of a body and not for its bytes; it never fulfils `If-Match`.
    public let isWeak: Bool

    /// Creates a tag.
    ///
    /// - Parameters:
    ///   - value: ASCII text without quotes, such as a version number or a hash.
    ///   - isWeak: True if bodies with the same tag can differ in their bytes.
    public init(_ value: String, isWeak: Bool = false) {
        self.value = value
        self.isWeak = isWeak
    }

    /// The tag as in a header field.
    public var description: String { "\(isWeak ? "W/" : "")\"\(value)\"" }
}

/// The entity tags of a condition, `If-Match` or `If-None-Match`.
public enum EntityTagList: Hashable, Sendable {
    /// `*`: whatever there is.
    case any
    /// These; at least one.
    case tags([EntityTag])

    /// Reads the value of a header field; nil if it is not as RFC 9110, section 13.1.1, has it.
    ///
    /// A comma can be part of a tag. Elements of the list can be empty (section 5.6.1).
    public init?(_ text: String) {
        var rest = text.utf8[...]
        var tags: [EntityTag] = []
        func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }
        skipBlanks()
        if rest.first == UInt8(ascii: "*") {
            rest.removeFirst()
            skipBlanks()
            guard rest.isEmpty else { return nil }
            self = .any
            return
        }
        while true {
            skipBlanks()
            if rest.first != UInt8(ascii: ","), !rest.isEmpty {
                guard let tag = Self.tag(&rest) else { return nil }
                tags.append(tag)
                skipBlanks()
            }
            guard !rest.isEmpty else { break }
            guard rest.removeFirst() == UInt8(ascii: ",") else { return nil }
        }
        guard !tags.isEmpty else { return nil }
        self = .tags(tags)
    }

    private static func tag(_ rest: inout Substring.UTF8View) -> EntityTag? {
        let isWeak = rest.starts(with: "W/".utf8)
        if isWeak { rest = rest.dropFirst(2) }
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        let value = rest.prefix { $0 == 0x21 || (0x23...0x7E).contains($0) || $0 >= 0x80 }
        rest = rest[value.endIndex...]
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        return EntityTag(String(Substring(value)), isWeak: isWeak)
    }
}
