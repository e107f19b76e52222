public import HTTPTypes

/// A strong entity tag (RFC 9110, section 8.8.3).
public struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// The tag without its quotes.
    public let value: String

    /// Makes a tag.
    ///
    /// - Parameter value: ASCII text without quotes, such as a version number or a hash.
    public init(_ value: String) {
        self.value = value
    }

    /// The tag as in a header field.
    public var description: String { "\"\(value)\"" }
}

extension HTTPRequest {
    /// Refuses a change when `If-Match` names other versions than the current one (RFC 9110, section 13.1.1).
    ///
    /// - Parameter current: The tag of what is there now.
    /// - Throws: ``Problem`` 412.
    public func checkIfMatch(_ current: EntityTag) throws(Problem) {
        guard let header = header(.ifMatch), !Self.tags(header).contains(current.description) else { return }
        guard header.trimmed != "*" else { return }
        throw Problem(412, "It was changed by someone else in the meantime; read it again and repeat the change.")
            .with(.eTag, current.description)
    }

    /// Whether `If-None-Match` names the current version, so that 304 is the answer; compared weakly (section 13.1.2).
    public func isFresh(_ current: EntityTag) -> Bool {
        guard let header = header(.ifNoneMatch) else { return false }
        if header.trimmed == "*" { return true }
        return Self.tags(header).contains { $0 == current.description || $0 == "W/" + current.description }
    }

    private static func tags(_ header: String) -> [String] {
        header.split(separator: ",").map { String($0).trimmed }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
