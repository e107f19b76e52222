import TemporaryFolders
import System
import Glibc
import HTTPClient
import HTTPTypes
import Lifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    private let client = HTTPClient.running(name: "http", parallel: 4)

    private func kind(_ request: HTTPClientRequest) -> HTTPClientError.Kind? {
        do throws(HTTPClientError) {
            _ = try client.send(request)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `status, headers and body arrive`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send(
                    "HTTP/1.1 404 Not Found\r\nX-Word:  a b \r\nContent-Length: 4\r\n\r\ngone",
                    to: connection
                )
            }
        )
        let response = try client.send(HTTPClientRequest(method: .get, url: server.url + "/a%2Fb/../c?x=1"))
        #expect(response.status == 404)
        #expect(response.header("x-word") == "a b")
        #expect(response.body == Array("gone".utf8))
        #expect(server.requests.first?.hasPrefix("GET /a%2Fb/../c?x=1 HTTP/1.1\r\n") == true)
    }

    @Test func `a file is sent whole, with its length and without Expect`() throws {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/file"
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        let received = Monitor<[UInt8]>([])
        let server = try #require(
            LocalServer { connection, _ in
                let body = LocalServer.drain(connection, bytes: 3_000_000)
                received.withLock { $0 = body }
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        let request = HTTPClientRequest(method: .put, url: server.url, body: .file(path: path, length: 3_000_000))
        #expect(try client.send(request).status == 200)
        #expect(received.withLock { $0 == bytes })
        let head = try #require(server.requests.first)
        #expect(head.contains("Content-Length: 3000000\r\n"))
        #expect(!head.contains("Expect:"))
    }

    @Test(arguments: [HTTPMethod.put, .post, .delete, .head, .get])
    func `a request without a body ends`(method: HTTPMethod) throws {
        let server = try #require(
            LocalServer { connection, _ in LocalServer.send("HTTP/1.1 204 No Content\r\n\r\n", to: connection) }
        )
        #expect(try client.send(HTTPClientRequest(method: method, url: server.url)).status == 204)
        #expect(try client.send(HTTPClientRequest(method: method, url: server.url, body: .bytes([]))).status == 204)
        #expect(server.requests.allSatisfy { $0.hasPrefix("\(method.rawValue) / ") })
    }

    @Test func `bytes are sent as they are, with no type of libcurl's own`() throws {
        let received = Monitor<[UInt8]>([])
        let server = try #require(
            LocalServer { connection, _ in
                let body = LocalServer.drain(connection, bytes: 3)
                received.withLock { $0 = body }
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        _ = try client.send(HTTPClientRequest(method: .put, url: server.url, body: .bytes([0, 1, 255])))
        #expect(received.withLock { $0 } == [0, 1, 255])
        #expect(server.requests.first?.lowercased().contains("content-type") == false)
    }

    @Test func `redirects are not followed`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send(
                    "HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
                    to: connection
                )
            }
        )
        #expect(try client.send(HTTPClientRequest(method: .get, url: server.url)).status == 307)
        #expect(server.requests.count == 1)
    }

    @Test func `a silent server is given up in time`() throws {
        let released = Monitor(false)
        let server = try #require(LocalServer { _, _ in released.wait { $0 } })
        var limits = HTTPClientLimits()
        limits.total = .milliseconds(200)
        let request = HTTPClientRequest(method: .get, url: server.url, limits: limits)
        let start = MonotonicInstant.now()
        #expect(kind(request) == .timeout)
        #expect(MonotonicInstant.now() - start < .seconds(5))
        released.withLock { $0 = true }
    }

    @Test func `a response that is cut off is an error`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", to: connection)
            }
        )
        #expect(kind(HTTPClientRequest(method: .get, url: server.url)) == .network)
    }

    @Test func `a response that is too large is not kept`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", to: connection)
                LocalServer.send(String(repeating: "x", count: 100), to: connection)
            }
        )
        var limits = HTTPClientLimits()
        limits.responseBytes = 10
        let request = HTTPClientRequest(method: .get, url: server.url, limits: limits)
        #expect(kind(request) == .tooLarge)
    }

    @Test func `a refused connection, an unknown name and a foreign scheme are told apart`() throws {
        let port = try #require(LocalServer { _, _ in }).port
        #expect(kind(HTTPClientRequest(method: .get, url: "http://127.0.0.1:\(port)/")) == .connect)
        #expect(kind(HTTPClientRequest(method: .get, url: "http://no-such-name.invalid/")) == .dns)
        #expect(kind(HTTPClientRequest(method: .get, url: "file:///etc/passwd")) == .badRequest)
    }

    @Test func `a file that is missing is an error, and nothing is sent`() throws {
        let server = try #require(LocalServer { _, _ in })
        let request = HTTPClientRequest(method: .put, url: server.url, body: .file(path: "/nowhere", length: 1))
        #expect(kind(request) == .unreadable)
        #expect(server.requests.isEmpty)
    }

    @Test func `no more requests are under way than allowed, and all are answered`() throws {
        let load = Monitor((now: 0, most: 0))
        let server = try #require(
            LocalServer { connection, _ in
                load.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                // Held until the limit is reached once, so that requests do overlap.
                _ = load.wait(until: MonotonicInstant.now() + .seconds(5)) { $0.most >= 4 }
                load.withLock { $0.now -= 1 }
                LocalServer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        let answered = Monitor(0)
        for _ in 0..<40 {
            client.submit(HTTPClientRequest(method: .get, url: server.url)) { result in
                if case .success = result { answered.withLock { $0 += 1 } }
            }
        }
        #expect(answered.wait(until: MonotonicInstant.now() + .seconds(30)) { $0 == 40 })
        #expect(load.withLock { $0.most } == 4)
    }

    @Test func `a stop completes what is under way and what waits`() throws {
        let released = Monitor(false)
        let server = try #require(LocalServer { _, _ in released.wait { $0 } })
        let engine = HTTPClient(HTTPClientConfiguration(name: "stopped", parallel: 1))
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: engine.name) { engine.run(until: stop) }
        let cancelled = Monitor(0)
        for _ in 0..<3 {
            engine.submit(HTTPClientRequest(method: .get, url: server.url)) { result in
                if case .failure(let error) = result, error.kind == .cancelled { cancelled.withLock { $0 += 1 } }
            }
        }
        stop.stop()
        #expect(cancelled.wait(until: MonotonicInstant.now() + .seconds(10)) { $0 == 3 })
        engine.submit(HTTPClientRequest(method: .get, url: server.url)) { _ in cancelled.withLock { $0 += 1 } }
        #expect(cancelled.wait(until: MonotonicInstant.now() + .seconds(10)) { $0 == 4 })
        #expect(thread.join(until: .now() + .seconds(10)))
        released.withLock { $0 = true }
    }

    @Test func `a request that was submitted before the start is sent then`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        let early = HTTPClient(HTTPClientConfiguration(name: "early", parallel: 1))
        let status = Monitor(0)
        early.submit(HTTPClientRequest(method: .get, url: server.url)) { result in
            status.withLock { $0 = (try? result.get().status) ?? -1 }
        }
        #expect(early.count == 1)
        let stop = StopSignal()
        let thread = DedicatedThread.start(name: early.name) { early.run(until: stop) }
        #expect(status.wait(until: .now() + .seconds(10)) { $0 == 200 })
        stop.stop()
        #expect(thread.join(until: .now() + .seconds(10)))
    }

    @Test func `a client's limits hold for requests that have none`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", to: connection)
            }
        )
        var limits = HTTPClientLimits()
        limits.responseBytes = 3
        let strict = HTTPClient(HTTPClientConfiguration(name: "strict", parallel: 1, limits: limits))
        let stop = StopSignal()
        DedicatedThread.start(name: strict.name) { strict.run(until: stop) }
        defer { stop.stop() }
        #expect(throws: HTTPClientError.self) {
            try strict.send(HTTPClientRequest(method: .get, url: server.url))
        }
        limits.responseBytes = 4
        let request = HTTPClientRequest(method: .get, url: server.url, limits: limits)
        #expect(try strict.send(request).body == Array("four".utf8))
    }

    @Test(arguments: [
        "99999999999999999999999999", "-5", "five", "9223372036854775807",
    ])
    func `a length that is out of range ends no process`(length: String) throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\nhalf", to: connection)
            }
        )
        _ = kind(HTTPClientRequest(method: .get, url: server.url))
        #expect(server.requests.count >= 1)
    }

    @Test func `an error contains neither URL nor header`() throws {
        let port = try #require(LocalServer { _, _ in }).port
        let url = "http://127.0.0.1:\(port)/?X-Amz-Signature=canary"
        do throws(HTTPClientError) {
            _ = try client.send(HTTPClientRequest(method: .get, url: url, headers: [("authorization", "canary")]))
            Issue.record("the request succeeded")
        } catch {
            #expect(!"\(error)".contains("canary"))
        }
    }
}
