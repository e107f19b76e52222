public import HTTPTypes

extension HTTPRequest {
    /// The fields of the query.
    ///
    /// - Throws: ``Problem`` 400 for a query that cannot be decoded.
    public func queryFields() throws(Problem) -> FormFields {
        try FormFields(parsing: query.utf8)
    }

    /// The fields of a form in the body.
    ///
    /// - Parameter limit: The largest body in bytes.
    /// - Returns: The fields, in their order.
    /// - Throws: ``Problem`` 413 or 415, or 400 for a body that cannot be decoded.
    public func formFields(limit: Int = 64 * 1024) throws(Problem) -> FormFields {
        guard mediaType == "application/x-www-form-urlencoded" else {
            throw Problem(415, "The body must be application/x-www-form-urlencoded.")
        }
        return try FormFields(parsing: limitedBody(limit))
    }

    /// The media type of the body without parameters, in lower case.
    public var mediaType: String? {
        header(.contentType)?.split(separator: ";", omittingEmptySubsequences: false).first.map {
            String($0.filter { $0 != " " && $0 != "\t" }).lowercased()
        }
    }

    /// The body; one that is longer than `limit` bytes is a problem.
    func limitedBody(_ limit: Int) throws(Problem) -> [UInt8] {
        guard let body = body(limit: limit) else { throw Problem(413, "The body is larger than \(limit) bytes.") }
        return body
    }
}
