public import HTTPTypes

extension HTTPRequest {
    /// Refuses a change whose `If-Match` names other versions than the present one (RFC 9110, section 13.1.1).
    ///
    /// - Parameter isCurrent: Returns true for the text of a strong tag of the present version.
    /// - Throws: ``Problem`` 412, or 400 for a condition that can't be read: passing it over would make the change anyway.
    public func checkIfMatch(_ isCurrent: (String) -> Bool) throws(Problem) {
        guard let header = joined(.ifMatch) else { return }
        guard let condition = EntityTagList(header) else {
            throw Problem(400, "The header If-Match must be * or tags in quotes with commas between them.")
        }
        switch condition {
        case .any: return
        // Compared strongly: a weak tag is never the present one (section 8.8.3.2).
        case .tags(let tags): if tags.contains(where: { !$0.isWeak && isCurrent($0.value) }) { return }
        }
        throw Problem(412, "It was changed by someone else in the meantime; read it again and repeat the change.")
    }

    /// Returns true if `If-None-Match` names the current version, so that 304 is the response; compared weakly (RFC 9110,
    /// section 13.1.2).
    ///
    /// A condition that can't be read is passed over, so that the response is whole.
    public func isFresh(_ current: EntityTag) -> Bool {
        guard let header = joined(.ifNoneMatch) else { return false }
        switch EntityTagList(header) {
        case nil: return false
        case .any: return true
        case .tags(let tags): return tags.contains { $0.value == current.value }
        }
    }

    /// The values of all fields of a name as one list (RFC 9110, section 5.3).
    private func joined(_ name: HTTPFieldName) -> String? {
        let values = fields.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

extension HTTPResponse {
    /// The response with its tag; 304 in its place for a reader that has it (RFC 9110, section 15.4.5).
    ///
    /// - Parameters:
    ///   - tag: The tag of the body.
    ///   - request: The request, GET or HEAD.
    /// - Returns: The response to send.
    public func tagged(_ tag: EntityTag, for request: HTTPRequest) -> HTTPResponse {
        var response = self
        if request.isFresh(tag) {
            response = HTTPResponse(status: 304)
            for field in fields where field.name != .contentType { response.add(field.name, field.value) }
        }
        response.set(.eTag, tag.description)
        return response
    }
}
