public import HTTPTypes

extension HTTPRequest {
    /// Refuses a change if `If-Match` names other versions than the current one (RFC 9110, section 13.1.1).
    ///
    /// - Parameter current: The tag of the current version.
    /// - Throws: ``Problem`` 412.
    public func checkIfMatch(_ current: EntityTag) throws(Problem) {
        guard let header = header(.ifMatch), !Self.tags(header).contains(current.description) else { return }
        guard header.trimmed != "*" else { return }
        throw Problem(412, "It was changed by someone else in the meantime; read it again and repeat the change.")
            .with(.eTag, current.description)
    }

    /// Returns true if `If-None-Match` names the current version, so that 304 is the response; compared weakly (RFC 9110,
    /// section 13.1.2).
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
