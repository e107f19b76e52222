import Encodings
import HTTPTypes
import HTTPRouting

extension HTTPResponse {
    /// An answer in JSON that no cache keeps.
    static func json(_ json: JSONWriter, status: Int = 200) -> HTTPResponse {
        var response = HTTPResponse(status: status, contentType: "application/json", body: json.bytes)
        response.set(.cacheControl, "no-store")
        return response
    }
}
