import TemporaryFolders
import System
import FastCGI
import Glibc
import HTTPTypes
import Lifecycle
import Testing

private let get = ["REQUEST_METHOD": "GET", "REQUEST_URI": "/a%20b?c=d", "HTTP_COOKIE": "x=1; session=abc; y=2"]

@Suite(.serialized) struct FastCGIServerTests {
    @Test func `a request is read and answered`() throws {
        let server = try RunningServer { request in
            HTTPResponse(
                text: "\(request.method.rawValue) \(request.path) \(request.query) \(request.cookie("session") ?? "-") "
                    + (request.header(.userAgent) ?? "none")
            )
        }
        let answer = try #require(server.client.send(get))
        #expect(answer.status == 200)
        #expect(answer.head.contains("Content-Type: text/plain; charset=utf-8\r\n"))
        #expect(answer.head.contains("Content-Length: \(answer.body.count)\r\n"))
        #expect(String(decoding: answer.body, as: UTF8.self) == "GET /a%20b c=d abc none")
        #expect(server.end())
    }

    @Test(arguments: [1, 7, .max]) func `a body arrives whole, however it is cut`(chunk: Int) throws {
        let server = try RunningServer { request in
            HTTPResponse(contentType: "application/octet-stream", body: request.body(limit: 1 << 20) ?? [])
        }
        let body = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
        let parameters = ["REQUEST_METHOD": "POST", "REQUEST_URI": "/", "CONTENT_LENGTH": "3000"]
        #expect(server.client.send(parameters, body: body, chunk: chunk)?.body == body)
        #expect(server.end())
    }

    @Test func `a large answer arrives whole`() throws {
        let large = [UInt8](repeating: 65, count: 5_000_000)
        let server = try RunningServer { _ in HTTPResponse(contentType: "text/plain", body: large) }
        #expect(server.client.send(get)?.body == large)
        #expect(server.end())
    }

    @Test func `a body that ends early is never handed to a handler`() throws {
        let server = try RunningServer { _ in HTTPResponse() }
        let parameters = ["REQUEST_METHOD": "POST", "REQUEST_URI": "/", "CONTENT_LENGTH": "10"]
        #expect(server.client.send(parameters, body: Array("12345".utf8))?.status == nil)
        #expect(server.client.send(parameters, body: Array("12345".utf8), ends: false)?.status == nil)
        #expect(server.calls.withLock { $0 } == 0)
        #expect(server.client.send(get)?.status == 200)
        #expect(server.end())
    }

    @Test func `a body beyond the limit is reported, not kept`() throws {
        let server = try RunningServer(bodyLimit: 100) { request in
            HTTPResponse(status: request.body(limit: 50) == nil ? 413 : 200)
        }
        for length in [51, 101, 2_000_000] {
            let parameters = ["REQUEST_METHOD": "POST", "REQUEST_URI": "/", "CONTENT_LENGTH": "\(length)"]
            #expect(server.client.send(parameters, body: Array(repeating: 0, count: min(length, 200)))?.status == 413)
        }
        #expect(server.end())
    }

    @Test(arguments: ["-1", "+5", "1e3", "0x10", "", "five"]) func `a length that is no number means no body`(
        length: String
    ) throws {
        let server = try RunningServer { HTTPResponse(text: "\($0.body(limit: 10)?.count ?? -1)") }
        let parameters = ["REQUEST_METHOD": "POST", "REQUEST_URI": "/", "CONTENT_LENGTH": length]
        #expect(server.client.send(parameters, body: Array("12345".utf8))?.body == Array("0".utf8))
        #expect(server.end())
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775808", "99999999999999999999999999"])
    func `a length that no memory holds is too large`(length: String) throws {
        let server = try RunningServer { HTTPResponse(status: $0.body(limit: 10) == nil ? 413 : 200) }
        let parameters = ["REQUEST_METHOD": "POST", "REQUEST_URI": "/", "CONTENT_LENGTH": length]
        #expect(server.client.send(parameters, body: Array("12345".utf8))?.status == 413)
        #expect(server.end())
    }

    @Test func `header fields arrive under their names, and the web server's own count`() throws {
        let server = try RunningServer { request in
            HTTPResponse(
                text: [request.header("x-long-name"), request.header(.contentType), request.header(.host), request.id]
                    .map { $0 ?? "nil" }.joined(separator: "|") + "|\(request.remoteAddress)|\(request.target)"
            )
        }
        let parameters = [
            "REQUEST_METHOD": "GET", "DOCUMENT_URI": "/d", "HTTP_X_LONG_NAME": "a=b", "HTTP_HOST": "h",
            "CONTENT_TYPE": "text/plain", "HTTP_CONTENT_TYPE": "text/html", "REQUEST_ID": "77", "REMOTE_ADDR": "::1",
            "HTTP_BAD NAME": "x", "HTTP_": "y",
        ]
        let answer = try #require(server.client.send(parameters))
        #expect(String(decoding: answer.body, as: UTF8.self) == "a=b|text/plain|h|77|::1|/d")
        #expect(server.end())
    }

    @Test func `a header can't be split by its value`() throws {
        let server = try RunningServer { _ in
            var response = HTTPResponse(status: 303)
            response.add(.location, "/x\r\nSet-Cookie: evil=1\u{0}")
            return response
        }
        let answer = try #require(server.client.send(get))
        #expect(answer.head.contains("Location: /x  Set-Cookie: evil=1 \r\n"))
        #expect(!answer.head.contains("\nSet-Cookie"))
        #expect(server.end())
    }

    @Test func `HEAD gets the length and no body, 204 neither`() throws {
        let server = try RunningServer { request in
            request.path == "/empty" ? HTTPResponse(status: 204) : HTTPResponse(text: "hello")
        }
        let head = try #require(server.client.send(["REQUEST_METHOD": "HEAD", "REQUEST_URI": "/"]))
        #expect(head.head.contains("Content-Length: 5\r\n"))
        #expect(head.body.isEmpty)
        let empty = try #require(server.client.send(["REQUEST_METHOD": "GET", "REQUEST_URI": "/empty"]))
        #expect(!empty.head.contains("Content-Length"))
        #expect(server.end())
    }

    @Test func `clients that go away do no harm`() throws {
        let server = try RunningServer { _ in HTTPResponse(text: String(repeating: "x", count: 300_000)) }
        for _ in 0..<20 { _ = server.client.send(get, reads: false) }
        #expect(server.client.send(get)?.body.count == 300_000)
        #expect(server.end())
    }

    @Test func `a stop lets a running request finish and ends idle threads`() throws {
        let entered = Monitor(false)
        let release = Monitor(false)
        let server = try RunningServer(threads: 4) { _ in
            entered.withLock { $0 = true }
            _ = release.wait(until: MonotonicInstant.now() + .seconds(5)) { $0 }
            return HTTPResponse(text: "done")
        }
        let answer = Lock<Int?>(nil)
        let thread = DedicatedThread.start(name: "client") {
            let status = server.client.send(get)?.status
            answer.withLock { $0 = status }
        }
        #expect(entered.wait(until: MonotonicInstant.now() + .seconds(5)) { $0 })
        #expect(!server.end(within: .milliseconds(50)))
        release.withLock { $0 = true }
        thread.join()
        #expect(answer.withLock { $0 } == 200)
        #expect(server.end())
    }

    @Test func `many clients at once are all answered`() throws {
        let server = try RunningServer(threads: 8) { HTTPResponse(text: $0.query) }
        let wrong = Lock(0)
        let threads = (0..<8).map { number in
            DedicatedThread.start(name: "client") {
                for round in 0..<50 {
                    let uri = "/?\(number)-\(round)"
                    let answer = server.client.send(["REQUEST_METHOD": "GET", "REQUEST_URI": uri])
                    if answer?.body != Array("\(number)-\(round)".utf8) { wrong.withLock { $0 += 1 } }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(wrong.withLock { $0 } == 0)
        #expect(server.end())
    }
}
