import HTTPRouting
import HTTPTypes
import Testing

@Suite struct RequestJSONTests {
    @Test(arguments: [
        ("application/json", "{}", 0), ("application/json; charset=utf-8", "{}", 0), ("Application/JSON", "{}", 0),
        ("text/plain", "{}", 415), ("", "{}", 415), ("application/json", "[]", 422), ("application/json", "{", 400),
        ("application/json", String(repeating: " ", count: 101), 413), ("application/json", "", 400),
    ])
    func `a body must be a JSON object`(type: String, body: String, status: Int) {
        let request = HTTPRequest("POST", "/", headers: [("Content-Type", type)], body: Array(body.utf8))
        do throws(Problem) {
            _ = try request.jsonObject(limit: 100)
            #expect(status == 0)
        } catch {
            #expect(error.status == status)
        }
    }
}
