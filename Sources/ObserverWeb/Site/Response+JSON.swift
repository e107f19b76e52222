import FastCGI
import HTTPRouting

extension Response {
    /// An answer in JSON that no cache keeps.
    static func json(_ json: JSONWriter, status: Int = 200) -> Response {
        var response = Response(status: status, contentType: "application/json", body: json.bytes)
        response.set(.cacheControl, "no-store")
        return response
    }
}
