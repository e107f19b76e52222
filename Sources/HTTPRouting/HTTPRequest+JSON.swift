public import Encodings
public import HTTPTypes

extension HTTPRequest {
    /// The JSON object in the body.
    ///
    /// - Parameters:
    ///   - limit: The largest body in bytes.
    ///   - mediaTypes: The media types that are accepted.
    /// - Returns: Its members.
    /// - Throws: ``Problem`` 413, 415, 400 for a body that is not JSON, 422 for JSON that is not an object.
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
            throw Problem(400, "The body is not JSON: \(error.detail).")
        }
        guard case .object(let members) = value else {
            throw Problem(422, "The body must be a JSON object, not \(value.typeName).")
        }
        return members
    }
}
