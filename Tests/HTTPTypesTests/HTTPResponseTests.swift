import HTTPTypes
import Testing

@Suite struct HTTPResponseTests {
    @Test func `a field is set in place of all others of its name, or added beside them`() {
        var response = HTTPResponse(status: 200, text: "x")
        response.add("set-cookie", "a=1")
        response.add(.setCookie, "b=2")
        #expect(response.headers("Set-Cookie") == ["a=1", "b=2"])
        response.set("CONTENT-TYPE", "text/html")
        #expect(response.headers(.contentType) == ["text/html"])
    }

    @Test func `control characters in a value become spaces`() {
        #expect(HTTPField(.location, "/x\r\nSet-Cookie: evil=1\u{0}").value == "/x  Set-Cookie: evil=1 ")
        #expect(HTTPField(.location, "/für?a=b").value == "/für?a=b")
    }

    @Test(arguments: ["", "a b", "a:b", "ä", "a\n"]) func `text that is no token is no field name`(text: String) {
        #expect(HTTPFieldName(text) == nil)
    }

    @Test func `equal names have equal hashes`() {
        #expect(Set<HTTPFieldName>(["ETag", "etag", "ETAG"]).count == 1)
    }
}
