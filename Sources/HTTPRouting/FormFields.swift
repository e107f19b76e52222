import Encodings
public import HTTPTypes

/// Named texts: a query, or the body of a form (`application/x-www-form-urlencoded`).
public struct FormFields: Sendable {
    /// How many fields are read; more are refused.
    public static let countLimit = 200

    /// The fields in their order.
    public private(set) var fields: [(name: String, value: String)] = []

    /// Makes fields by hand.
    public init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields
    }

    /// Reads fields.
    ///
    /// - Parameter bytes: The encoded text, `a=1&b=2`.
    /// - Throws: ``Problem`` 400 for a broken percent-encoding, text that is not UTF-8, and too many fields.
    public init(parsing bytes: some Collection<UInt8>) throws(Problem) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < Self.countLimit else { throw Problem(400, "There are too many fields.") }
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.text(halves[0]), let value = halves.count > 1 ? Self.text(halves[1]) : "" else {
                throw Problem(400, "A field is not correctly percent-encoded UTF-8.")
            }
            fields.append((name, value))
        }
    }

    /// The value of the last field of a name.
    public subscript(_ name: String) -> String? {
        fields.last { $0.name == name }?.value
    }

    /// The values of all fields of a name.
    public func all(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// The names, each once, in the order of their first appearance.
    public var names: [String] {
        fields.reduce(into: []) { names, field in
            if !names.contains(field.name) { names.append(field.name) }
        }
    }

    /// The fields in the form of a query.
    public var encoded: String {
        fields.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(separator: "&")
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String? {
        PercentEncoding.decode(bytes, plusIsSpace: true).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension HTTPRequest {
    /// The fields of the query.
    ///
    /// - Throws: ``Problem`` 400 when it can't be decoded.
    public func queryFields() throws(Problem) -> FormFields {
        try FormFields(parsing: query.utf8)
    }

    /// The fields of a form in the body.
    ///
    /// - Parameter limit: The largest body in bytes.
    /// - Returns: The fields, in their order.
    /// - Throws: ``Problem`` 413, 415, or 400 when it can't be decoded.
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

    /// The body; one that is too long is a problem.
    func limitedBody(_ limit: Int) throws(Problem) -> [UInt8] {
        guard let body = body(limit: limit) else { throw Problem(413, "The body is larger than \(limit) bytes.") }
        return body
    }
}
