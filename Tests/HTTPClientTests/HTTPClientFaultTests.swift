import TemporaryFolders
import System
import Glibc
import HTTPClient
import HTTPTypes
import Lifecycle
import TestSupport
import Testing

/// Servers and files that misbehave.
@Suite(.timeLimit(.minutes(1))) struct HTTPClientFaultTests {
    private let folder = TemporaryFolder()

    private let client = HTTPClient.running(name: "faults", parallel: 4)

    private func kind(_ request: HTTPClientRequest) -> HTTPClientError.Kind? {
        do throws(HTTPClientError) {
            _ = try client.send(request)
            return nil
        } catch {
            return error.kind
        }
    }

    private func scratchFile(bytes: Int) throws -> String {
        let path = "\(folder.path)/\(bytes)"
        let file = try #require(fopen(path, "w"))
        let content = [UInt8](repeating: 7, count: bytes)
        fwrite(content, 1, content.count, file)
        fclose(file)
        return path
    }

    @Test func `a slow upload is given up, and another request goes on meanwhile`() throws {
        let released = Monitor(false)
        let stalling = try #require(
            LocalServer { connection, _ in
                _ = LocalServer.drain(connection, bytes: 10_000)
                released.wait { $0 }
            }
        )
        let healthy = try #require(
            LocalServer { connection, _ in
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        let path = try scratchFile(bytes: 30_000_000)
        var limits = HTTPClientLimits()
        limits.stall = .seconds(1)
        let body = HTTPClientRequest.Body.file(path: path, length: 30_000_000)
        let request = HTTPClientRequest(method: .put, url: stalling.url, body: body, limits: limits)
        let outcome = Monitor<HTTPClientError.Kind?>(nil)
        client.submit(request) { result in
            if case .failure(let error) = result { outcome.withLock { $0 = error.kind } }
        }
        #expect(try client.send(HTTPClientRequest(method: .get, url: healthy.url)).status == 200)
        #expect(outcome.wait(until: MonotonicInstant.now() + .seconds(20)) { $0 == .timeout })
        released.withLock { $0 = true }
    }

    @Test func `a file that gets shorter while it is sent ends the request at once, as unreadable`() throws {
        let path = try scratchFile(bytes: 30_000_000)
        let server = try #require(
            LocalServer { connection, _ in
                truncate(path, 100_000)
                _ = LocalServer.drain(connection, bytes: 30_000_000)
            }
        )
        let body = HTTPClientRequest.Body.file(path: path, length: 30_000_000)
        let start = MonotonicInstant.now()
        #expect(kind(HTTPClientRequest(method: .put, url: server.url, body: body)) == .unreadable)
        #expect(MonotonicInstant.now() - start < .seconds(10))
    }

    @Test func `a file that the disk does not deliver is told with the system's words`() throws {
        let server = try #require(
            LocalServer { connection, _ in _ = LocalServer.drain(connection, bytes: 1) }
        )
        // A directory can be opened and has a size, but reading it is an error, as reading a bad sector is.
        let body = HTTPClientRequest.Body.file(path: folder.path, length: 1)
        do throws(HTTPClientError) {
            _ = try client.send(HTTPClientRequest(method: .put, url: server.url, body: body))
            Issue.record("the request succeeded")
        } catch {
            #expect(error.kind == .unreadable)
            #expect(error.detail.contains("Is a directory"))
        }
    }

    @Test func `a connection that breaks during an upload is network trouble`() throws {
        let server = try #require(LocalServer { connection, _ in _ = LocalServer.drain(connection, bytes: 10_000) })
        let path = try scratchFile(bytes: 30_000_000)
        let request = HTTPClientRequest(method: .put, url: server.url, body: .file(path: path, length: 30_000_000))
        #expect(kind(request) == .network)
    }

    @Test func `a refusal that arrives during an upload is read`() throws {
        let server = try #require(
            LocalServer { connection, _ in
                LocalServer.send(
                    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnope",
                    to: connection
                )
                // Read to the end, so that the answer is not lost to a reset.
                _ = LocalServer.drain(connection, bytes: 3_000_000)
            }
        )
        let path = try scratchFile(bytes: 3_000_000)
        let request = HTTPClientRequest(method: .put, url: server.url, body: .file(path: path, length: 3_000_000))
        let response = try client.send(request)
        #expect(response.status == 403)
        #expect(response.body == Array("nope".utf8))
    }

    @Test func `a file that is shorter than announced, of no possible length, or a link, is not sent`() throws {
        let server = try #require(LocalServer { _, _ in })
        let path = try scratchFile(bytes: 10)
        let link = path + "-link"
        try #require(symlink(path, link) == 0)
        for length in [11, -1, Int64.max, .min] {
            #expect(
                kind(HTTPClientRequest(method: .put, url: server.url, body: .file(path: path, length: length)))
                    == .unreadable
            )
        }
        #expect(
            kind(HTTPClientRequest(method: .put, url: server.url, body: .file(path: link, length: 10))) == .unreadable
        )
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: ["a\r\nHost: elsewhere", "a\nb", "a\0b"])
    func `a header cannot smuggle in another one`(value: String) throws {
        let server = try #require(LocalServer { _, _ in })
        #expect(kind(HTTPClientRequest(method: .get, url: server.url, headers: [("x-word", value)])) == .badRequest)
        #expect(server.requests.isEmpty)
    }

    @Test func `a connection is used again`() throws {
        let server = try #require(
            LocalServer { connection, head in
                for _ in 0..<3 {
                    LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
                    _ = LocalServer.drain(connection, bytes: head.utf8.count)
                }
            }
        )
        for _ in 0..<3 { #expect(try client.send(HTTPClientRequest(method: .get, url: server.url)).status == 200) }
        #expect(server.requests.count == 1)
    }

    @Test func `an upload over a kept connection that the server has closed is sent anew`() throws {
        let server = try #require(
            LocalServer { connection, head in
                if head.contains("Content-Length:") { _ = LocalServer.drain(connection, bytes: 2_000_000) }
                LocalServer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
            }
        )
        let path = try scratchFile(bytes: 2_000_000)
        for _ in 0..<20 {
            #expect(try client.send(HTTPClientRequest(method: .get, url: server.url)).status == 200)
            let upload = HTTPClientRequest(method: .put, url: server.url, body: .file(path: path, length: 2_000_000))
            #expect(try client.send(upload).status == 200)
        }
    }

    @Test func `a certificate of an unknown authority is refused, and accepted where the authority is named`() throws {
        // A port of the kernel's choice that has just become free.
        let port = try #require(LocalServer { _, _ in }).port
        let script = """
            cd \(folder.path) &&
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out certificate \
                -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null &&
            { openssl s_server -accept 127.0.0.1:\(port) -key key -cert certificate -www >/dev/null 2>&1 & echo $!; }
            """
        let pipe = try #require(popen(script, "r"))
        var line = [CChar](repeating: 0, count: 32)
        let hasLine = fgets(&line, Int32(line.count), pipe) != nil
        pclose(pipe)
        let text = String(decoding: line.prefix { $0 > 0x20 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let server = try #require(hasLine ? pid_t(text) : nil, "openssl does not run")
        defer { kill(server, SIGTERM) }
        let request = HTTPClientRequest(method: .get, url: "https://127.0.0.1:\(port)/")
        let deadline = MonotonicInstant.now() + .seconds(20)
        var found = kind(request)
        // The server needs a moment until it listens.
        while found == .connect, MonotonicInstant.now() < deadline {
            usleep(20_000)
            found = kind(request)
        }
        #expect(found == .tls)
        let trusting = HTTPClient(
            HTTPClientConfiguration(name: "trusting", parallel: 1, certificates: "\(folder.path)/certificate")
        )
        let stop = StopSignal()
        DedicatedThread.start(name: trusting.name) { trusting.run(until: stop) }
        defer { stop.stop() }
        #expect(try trusting.send(request).status == 200)
    }
}
