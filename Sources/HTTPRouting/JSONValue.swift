public import HTTPTypes

/// Any JSON value.
public enum JSONValue: Hashable, Sendable {
    /// Null.
    case null
    /// True or false.
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case int(Int64)
    /// Any other number.
    case double(Double)
    /// Text.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object([String: JSONValue])

    /// What it is, for people: `a number`, `text`.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .int, .double: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension HTTPRequest {
    /// The JSON object in the body.
    ///
    /// - Parameters:
    ///   - limit: The largest body in bytes.
    ///   - mediaTypes: The media types that are taken.
    /// - Returns: Its members.
    /// - Throws: ``Problem`` 413, 415, 400 for what is not JSON, 422 for JSON that is not an object.
    public func jsonObject(
        limit: Int = 64 * 1024,
        mediaTypes: [String] = ["application/json"]
    ) throws(Problem) -> [String: JSONValue] {
        guard let mediaType, mediaTypes.contains(mediaType) else {
            throw Problem(415, "The body must be \(mediaTypes.joined(separator: " or ")).")
        }
        let bytes = try limitedBody(limit)
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw Problem(400, "The body is not JSON: \(error).")
        }
        guard case .object(let members) = value else {
            throw Problem(422, "The body must be a JSON object, not \(value.typeName).")
        }
        return members
    }
}
