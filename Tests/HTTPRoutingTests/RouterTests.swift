import HTTPRouting
import HTTPTypes
import Testing

@Suite struct RouterTests {
    private let router: Router<String> = {
        var router = Router<String>()
        router.add(.get, "/cameras", to: "list")
        router.add(.post, "/cameras", to: "create")
        router.add(.get, "/cameras/healthcheck", to: "health")
        router.add(.get, "/cameras/{id:int}", to: "camera")
        router.add(.delete, "/cameras/{id:int}", to: "delete")
        router.add(.get, "/segments/{id:uuid}.mp4", to: "segment")
        router.add(.get, "/names/{name}/x", to: "name")
        return router
    }()

    /// The endpoint with its parameters, or the problem with its headers.
    private func answer(_ method: HTTPMethod, _ target: String) -> String {
        do throws(Problem) {
            let match = try router.match(HTTPRequest(method, target))
            switch match.endpoint {
            case "camera", "delete": return "\(match.endpoint) \(match.parameters.int("id"))"
            case "segment": return "segment \(match.parameters.text("id"))"
            case "name": return "name \(match.parameters.text("name"))"
            default: return match.endpoint
            }
        } catch {
            return "\(error.status)" + error.headers.map { " \($0.0): \($0.1)" }.joined()
        }
    }

    @Test(arguments: [
        ("GET", "/cameras", "list"), ("GET", "/cameras/", "list"),
        ("GET", "/cameras?limit=1", "list"), ("GET", "/cameras/?", "list"),
        ("HEAD", "/cameras", "list"), ("POST", "/cameras/", "create"),
        ("GET", "/cameras/7", "camera 7"), ("GET", "/cameras/7/", "camera 7"),
        ("GET", "/cameras/healthcheck", "health"), ("DELETE", "/cameras/7", "delete 7"),
        ("GET", "/%63ameras", "list"), ("GET", "/names/a%2Fb%20c/x", "name a/b c"),
        ("GET", "/names/%C3%A9/x", "name é"),
        (
            "GET", "/segments/01936b2e-0000-7000-8000-000000000001.mp4", "segment 01936b2e-0000-7000-8000-000000000001"
        ),
    ])
    func `a path finds its endpoint`(method: String, target: String, expected: String) {
        #expect(answer(HTTPMethod(rawValue: method), target) == expected)
    }

    @Test(arguments: [
        "/", "", "cameras", "//cameras", "/cameras//", "/cameras/0", "/cameras/-1", "/cameras/+1", "/cameras/07",
        "/cameras/7x", "/cameras/99999999999999999999", "/cameras/%37%00", "/cameras/7/8", "/Cameras", "/cameras/..",
        "/segments/x.mp4", "/segments/01936B2E-0000-7000-8000-000000000001.mp4", "/segments/.mp4", "/names/%FF/x",
        "/names/%zz/x", "/names/%2/x", "/names//x", "/a/b/c/d/e/f/g/h",
    ])
    func `a path that is none is not found`(target: String) {
        #expect(answer(.get, target) == "404")
    }

    @Test(arguments: [
        ("PUT", "/cameras", "405 Allow: GET, POST, HEAD"), ("TRACE", "/cameras", "405 Allow: GET, POST, HEAD"),
        ("OPTIONS", "/cameras/7", "405 Allow: DELETE, GET, HEAD"), ("get", "/cameras", "405 Allow: GET, POST, HEAD"),
        ("POST", "/cameras/healthcheck", "405 Allow: GET, HEAD"), ("", "/cameras", "405 Allow: GET, POST, HEAD"),
    ])
    func `a method that is not allowed is answered with those that are`(
        method: String,
        target: String,
        expected: String
    ) {
        #expect(answer(HTTPMethod(rawValue: method), target) == expected)
    }
}

@Suite struct ConditionTests {
    private let tag = EntityTag("5")

    private func status(_ headers: [String]) -> Int? {
        do throws(Problem) {
            try HTTPRequest("PATCH", "/", headers: headers.map { (.ifMatch, $0) }).checkIfMatch { $0 == "5" }
            return nil
        } catch {
            return error.status
        }
    }

    @Test(arguments: [[], ["\"5\""], ["\"4\", \"5\""], ["*"], [" * "], ["\"4\"", "\"5\""], [",\t\"5\" ,"]])
    func `a change goes through when the version is the one meant`(headers: [String]) {
        #expect(status(headers) == nil)
    }

    @Test(arguments: ["\"4\"", "W/\"5\"", "\"4\", \"6\"", "\"4,5\"", "\"\"", "\"*\""])
    func `a change of another version is refused`(header: String) {
        #expect(status([header]) == 412)
    }

    @Test(arguments: [
        "5", "", ",", "\"5", "5\"", "w/\"5\"", "W/5", "\"5\" \"6\"", "*, \"5\"", "\"5\", *", "\"a b\"", "**",
    ])
    func `a condition that can't be read is no condition that holds`(header: String) {
        #expect(status([header]) == 400)
    }

    @Test(arguments: [
        ("\"5\"", true), ("W/\"5\"", true), ("*", true), ("\"1,2\", \"5\"", true), ("\"4\"", false), ("5", false),
    ])
    func `what the client has is not sent again`(header: String, isFresh: Bool) {
        let request = HTTPRequest("GET", "/", headers: [("If-None-Match", header)])
        #expect(request.isFresh(tag) == isFresh)
        var whole = HTTPResponse(contentType: "text/plain", body: [1])
        whole.set(.cacheControl, "no-store")
        let response = whole.tagged(tag, for: request)
        #expect(response.status == (isFresh ? 304 : 200) && response.body == (isFresh ? [] : [1]))
        #expect(response.header(.eTag) == "\"5\"" && response.header(.cacheControl) == "no-store")
        #expect((response.header(.contentType) == nil) == isFresh)
    }
}

@Suite struct ProblemTests {
    @Test func `a problem is told as RFC 9457 says`() {
        let problem = Problem(422, "Two fields are wrong.", errors: ["url": "is \"empty\"", "name": "is required"])
        let response = problem.with(.retryAfter, "3").response
        #expect(response.status == 422)
        #expect(response.header(.contentType) == "application/problem+json")
        #expect(response.header(.retryAfter) == "3")
        #expect(
            String(decoding: response.body, as: UTF8.self) == """
                {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Two fields are wrong.",\
                "errors":{"name":"is required","url":"is \\"empty\\""}}
                """
        )
    }
}

@Suite struct FormFieldsTests {
    @Test func `fields are decoded`() throws {
        let fields = try FormFields(
            parsing: "name=Gate+1&url=rtsp%3A%2F%2Fa%2F%3Fb%3Dc&tag=a&tag=b&empty=&bare&=x&&é=ü".utf8
        )
        #expect(fields["name"] == "Gate 1")
        #expect(fields["url"] == "rtsp://a/?b=c")
        #expect(fields.all("tag") == ["a", "b"])
        #expect(fields["tag"] == "b")
        #expect(fields["empty"] == "")
        #expect(fields["bare"] == "")
        #expect(fields["é"] == "ü")
        #expect(fields["missing"] == nil)
        #expect(try FormFields(parsing: fields.encoded.utf8).encoded == fields.encoded)
    }

    @Test(arguments: ["a=%", "a=%2", "a=%zz", "%ff=1", "a=%C3", String(repeating: "a=1&", count: 201)])
    func `what can't be decoded is refused`(text: String) {
        let problem = #expect(throws: Problem.self) { try FormFields(parsing: text.utf8) }
        #expect(problem?.status == 400)
    }

    @Test func `a form must say that it is one`() throws {
        let body = Array("a=1".utf8)
        func fields(_ type: String) throws -> FormFields {
            try HTTPRequest("POST", "/", headers: [("Content-Type", type)], body: body).formFields(limit: 3)
        }
        #expect(try fields("application/x-www-form-urlencoded; charset=UTF-8")["a"] == "1")
        #expect(throws: Problem.self) { try fields("text/plain") }
        let long = HTTPRequest(
            "POST",
            "/",
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: body + body
        )
        #expect(#expect(throws: Problem.self) { try long.formFields(limit: 3) }?.status == 413)
    }
}
