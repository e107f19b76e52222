import Crypto
import Encodings
import FastCGI
import Glibc
import HTTPClient
import HTTPTypes
import Lifecycle
import ObserverCore
import ObserverStore
import ObserverWeb
import S3
import System
import TestSupport
import Testing

/// `observer-web` behind the real nginx: by what address people come, and where their recordings come from.
@Suite(.enabled(if: TestEnvironment.has(.nginx) && TestEnvironment.has(.database)), .serialized)
struct APIDoorTests {
    // MARK: The way people come

    /// The names of the cookies with their attributes.
    private func cookies(_ answer: String) -> [String] {
        answer.split(separator: "\n").filter { $0.lowercased().hasPrefix("set-cookie: ") }
            .map { String($0.dropFirst(12)) }
    }

    @Test func `cookies are for https alone where the request came by it`() throws {
        let secure = try NginxWebHarness(hasTLS: true)
        let own = cookies(try secure.curl("/controller/sign-in", as: nil))
        let gate = try #require(own.first)
        #expect(own.count == 1 && gate.hasPrefix("__Host-observer_gate=") && gate.contains("; Secure"), "\(own)")
        secure.end()

        let plain = try NginxWebHarness()
        let forwarded = "-H 'X-Forwarded-Proto: https'"
        let usual = cookies(try plain.curl("/controller/sign-in", as: nil))
        #expect(usual.first?.hasPrefix("observer_gate_") == true && !usual.joined().contains("Secure"), "\(usual)")
        let trusted = cookies(try plain.curl("/controller/sign-in", forwarded, as: nil))
        #expect(trusted.first?.hasPrefix("__Host-") == true && trusted.joined().contains("; Secure"), "\(trusted)")
        plain.end()

        let untrusting = try NginxWebHarness(trustsLoopback: false)
        let stranger = cookies(try untrusting.curl("/controller/sign-in", forwarded, as: nil))
        #expect(stranger.count == 1 && !stranger.joined().contains("Secure"), "\(stranger)")
        untrusting.end()
    }

    @Test func `who comes by another address than the public one is told both`() throws {
        let harness = try NginxWebHarness(publicURL: "https://Home.Example:443/")
        let here = harness.nginx.address
        let post = "-X POST -d name=admin -d password=x -d csrf=x"
        let page = try harness.curl("/controller/sign-in", "\(post) -H 'Origin: \(here)'", as: nil)
        #expect(page.contains("HTTP/1.1 403 ") && page.contains("text/html"), "\(page)")
        for word in [here, "https://home.example", "OBSERVER_PUBLIC_URL", "X-Forwarded-Proto", "TRUSTED_PROXIES"] {
            #expect(page.contains(word), "\(word) is not in \(page)")
        }
        #expect(!page.contains("too old"))
        // By the public address the form itself is wrong.
        let there = "-H 'Host: home.example' -H 'X-Forwarded-Proto: https' -H 'Origin: https://home.example'"
        #expect(try harness.curl("/controller/sign-in", "\(post) \(there)", as: nil).contains("too old"))
        // The proxy forgot to say that it ends TLS, and the browser knows.
        let forgot = "-H 'Host: home.example' -H 'Origin: https://home.example'"
        #expect(try harness.curl("/controller/sign-in", "\(post) \(forgot)", as: nil).contains("too old"))
        let foreign = try harness.curl("/controller/sign-in", "\(post) -H 'Origin: https://evil.example'", as: nil)
        #expect(foreign.contains("HTTP/1.1 403 ") && foreign.contains("https://evil.example"), "\(foreign)")
        harness.end()
    }

    @Test func `a proxy that passes the host on by X-Forwarded-Host is one site with the page`() throws {
        let harness = try NginxWebHarness(settings: "OBSERVER_TRUSTED_PROXIES=private")
        let post = "-X POST -d name=admin -d password=x -d csrf=x"
        let from = "-H 'Origin: https://nvr.local' -H 'X-Forwarded-Host: nvr.local' -H 'X-Forwarded-Proto: https'"
        #expect(try harness.curl("/controller/sign-in", "\(post) \(from)", as: nil).contains("too old"))
        let without = try harness.curl("/controller/sign-in", "\(post) -H 'Origin: https://nvr.local'", as: nil)
        #expect(without.contains("another site") && without.contains("https://nvr.local"), "\(without)")
        harness.end()
    }

    // MARK: Recordings

    @Test func `a store whose name only getaddrinfo knows is played, and found again after it moved`() throws {
        let profile = S3StubProfile { $0.bucket = "recordings" }
        let stub = try #require(S3Stub(profile))
        let port = try #require(stub.url.split(separator: ":").last)
        let address = Lock<[[UInt8]]>([[127, 0, 0, 9]])
        let store = (endpoint: "http://minio.storage:\(port)", key: profile.accessKeyID, secret: "SK")
        // It is one store by two names, so that the second has its own place in nginx.
        let harness = try NginxWebHarness(store: store, second: "recordings", at: "http://nas:\(port)") { name in
            name == "minio.storage" ? address.withLock { $0 } : name == "nas" ? [[127, 0, 0, 1]] : []
        }
        let segment = try harness.putSegment(in: stub, profile)
        let rows = SegmentStore(harness.web.context.database)
        try rows.write([.init(segment, .stored, destinations: .home)])
        let path = "/segments/\(segment.id).mp4"
        // Nobody is at that address.
        #expect(try harness.curl(path).contains("HTTP/1.1 503 "))
        address.withLock { $0 = [[127, 0, 0, 1]] }
        let isPlayed = poll { try harness.curl(path).hasSuffix("\n\n0123456789") }
        #expect(isPlayed, "a store that moved is found without a restart")
        try rows.write([.init(segment, .stored, destinations: .second)])
        let second = try harness.curl(path, "-H 'Range: bytes=2-4'")
        #expect(second.contains("HTTP/1.1 206 ") && second.hasSuffix("\n\n234"), "\(second)")
        harness.end()
    }

    @Test func `a store whose name nobody knows is 503, and a second one is taken in its place`() throws {
        let profile = S3StubProfile { $0.bucket = "recordings" }
        let stub = try #require(S3Stub(profile))
        let store = (endpoint: "http://minio.storage:9000", key: profile.accessKeyID, secret: "SK")
        let harness = try NginxWebHarness(store: store, second: "recordings", at: stub.url) { _ in [] }
        let segment = try harness.putSegment(in: stub, profile)
        let rows = SegmentStore(harness.web.context.database)
        try rows.write([.init(segment, .stored, destinations: .home)])
        let path = "/segments/\(segment.id).mp4"
        let away = try harness.curl(path)
        #expect(away.contains("HTTP/1.1 503 ") && away.contains("has no address"), "\(away)")
        #expect(away.contains("application/problem+json") && away.contains("\nRetry-After: 5\n"), "\(away)")
        try rows.write([.init(segment, .stored, destinations: [.home, .second])])
        #expect(try harness.curl(path).hasSuffix("\n\n0123456789"))
        harness.end()
    }

    @Test func `a store leads to no other place behind the door`() throws {
        let stub = try #require(
            HTTPStub { _ in
                HTTPStub.Answer(200, headers: [("X-Accel-Redirect", "/internal/spool/other.mp4")], body: [48])
            }
        )
        let harness = try NginxWebHarness(store: (endpoint: stub.url, key: "AK", secret: "SK"))
        _ = try harness.nginx.run("echo other > spool/ready/other.mp4; chmod a+r spool/ready/other.mp4")
        let segment = Segment.sample(of: CameraID(rawValue: try harness.web.addCamera()))
        try SegmentStore(harness.web.context.database).markStored(segment, etag: nil)
        let answer = try harness.curl("/segments/\(segment.id).mp4")
        #expect(answer.hasSuffix("\n\n0"), "\(answer)")
        harness.end()
    }

    @Test func `a file that went between two looks is asked for again, which no client can say`() throws {
        let harness = try NginxWebHarness()
        let segment = Segment.sample(of: CameraID(rawValue: try harness.web.addCamera()))
        try SegmentStore(harness.web.context.database).upsertSpooled([segment])
        let path = "/segments/\(segment.id).mp4"
        let file = "\(harness.spool)/ready/\(segment.id).mp4"
        _ = try harness.nginx.run("printf 0123456789 > \(file); chmod a+r \(file)")
        let spoofed = try harness.curl(path, "-H 'X-Spool-Missed: 1'")
        #expect(spoofed.contains("HTTP/1.1 200 ") && spoofed.hasSuffix("\n\n0123456789"), "\(spoofed)")
        // The responder finds it, and nginx, which looks elsewhere from now on, does not.
        let elsewhere = "s,alias .*/spool/ready/;,alias /nowhere/;,"
        _ = try harness.nginx.run("sed -i '\(elsewhere)' nginx.conf; kill -HUP $(cat pid)")
        let isAnswered = poll { try harness.curl(path).contains("HTTP/1.1 503 ") }
        #expect(isAnswered)
        let missed = try harness.curl(path)
        #expect(missed.contains("application/problem+json") && missed.contains("\nRetry-After: 1\n"), "\(missed)")
        #expect(missed.contains("on its way to the store"), "\(missed)")
        harness.end()
    }
}

/// Readers who take their time.
@Suite(.enabled(if: TestEnvironment.has(.nginx)))
struct SlowReaderTests {
    @Test func `slow readers of big answers hold no thread of the responder, and get all of it`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        let size = 8 << 20
        let big = [UInt8](repeating: 120, count: size)
        let socket = nginx.folder + "/run/web.sock"
        let server = try FastCGIServer(FastCGIConfiguration(socketPath: socket, threads: 2))
        if getuid() == 0 { chmod(socket, 0o666) }
        let stop = StopSignal()
        let begun = Monitor(0)
        let thread = DedicatedThread.start(name: "responder") {
            server.run(until: stop) { _ in
                { request in
                    guard request.path.hasSuffix("/big") else { return HTTPResponse(status: 200, text: "small") }
                    begun.withLock { $0 += 1 }
                    return HTTPResponse(status: 200, contentType: "text/plain", body: big)
                }
            }
        }
        try nginx.start()
        // Twelve who read a kilobyte a second, and one who does not read at all until the responder is gone.
        let ask = "GET /api/v1/big HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n"
        _ = try nginx.run(
            """
            for i in {1..12}; do
                curl -s --limit-rate 1k --max-time 60 -o /dev/null \(nginx.address)/api/v1/big > /dev/null 2>&1 &
                echo $! >> readers
            done
            mkfifo go
            (exec 3<> /dev/tcp/127.0.0.1/\(nginx.port); printf '\(ask)' >&3; read < go; wc -c <&3 > got) > /dev/null 2>&1 &
            """
        )
        let answer = try nginx.request("--max-time 5 '\(nginx.address)/api/v1/small'")
        #expect(answer.hasSuffix("\n\nsmall"), "\(answer)")
        #expect(begun.wait(until: .now() + .seconds(10)) { $0 == 13 })
        stop.stop()
        #expect(thread.join(until: .now() + .seconds(5)), "no thread waits for a reader")
        let script = "echo > go; for i in {1..100}; do [[ -s got ]] && break; sleep 0.1; done"
        let got = try nginx.run("\(script); cat got; kill $(cat readers)")
        let bytes = Int(got.prefix { $0.isNumber }) ?? 0
        #expect(bytes > size && bytes < size + 4096, "\(got)")
    }
}
