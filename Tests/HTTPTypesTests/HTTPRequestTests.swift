import HTTPTypes
import Testing

@Suite struct HTTPRequestTests {
    @Test func `path and query are told apart at the first question mark`() {
        let request = HTTPRequest("GET", "/a%20b?c=d?e")
        #expect(request.path == "/a%20b")
        #expect(request.query == "c=d?e")
        #expect(HTTPRequest("GET", "/a").query == "")
    }

    @Test func `header names are compared without regard to case, and the last value counts`() {
        let request = HTTPRequest("GET", "/", headers: [("X-Word", "client"), ("x-word", "proxy")])
        #expect(request.header("X-WORD") == "proxy")
        #expect(request.header("X-Words") == nil)
    }

    @Test func `the first cookie of a name is returned whole`() {
        let request = HTTPRequest("GET", "/", headers: [(.cookie, "x=1; session=a=b; session=c; other")])
        #expect(request.cookie("session") == "a=b")
        #expect(request.cookie("other") == nil)
        #expect(HTTPRequest("GET", "/").cookie("session") == nil)
    }

    @Test func `a body beyond the limit is not returned`() {
        let request = HTTPRequest("POST", "/", body: [1, 2, 3])
        #expect(request.body(limit: 3) == [1, 2, 3])
        #expect(request.body(limit: 2) == nil)
        let large = HTTPRequest(
            method: .post,
            target: "/",
            fields: [],
            remoteAddress: "::1",
            id: nil,
            body: .tooLarge
        )
        #expect(large.body(limit: .max) == nil)
    }
}
