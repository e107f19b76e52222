import Glibc
import TestSupport
import Testing

/// The configuration in `nginx/`, rendered as `./observer` renders it, tried on the real nginx with the responder away.
@Suite(.enabled(if: TestEnvironment.has(.nginx)))
struct NginxConfigTests {
    @Test func `nginx accepts the configuration`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        let result = try nginx.check()
        #expect(result.status == 0, "\(result.output)")
        #expect(!result.output.contains("[warn]"), "\(result.output)")
    }

    @Test func `a store that only knows its buckets by host is reached by it, with the authorities that are set`()
        throws
    {
        let settings =
            "OBSERVER_S3_ADDRESSING=host OBSERVER_S3_BUCKET=video AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt"
        let nginx = try NginxHarness(store: "https://oss.example:8443/base", settings: settings)
        defer { nginx.end() }
        #expect(try nginx.check().status == 0)
        let text = try nginx.configuration()
        #expect(text.contains("proxy_set_header Host video.oss.example:8443;"))
        #expect(text.contains("proxy_pass https://$store_address:8443;") && !text.contains("8443/base"))
        #expect(text.contains("proxy_ssl_name video.oss.example;"))
        #expect(text.contains("proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;"))
    }

    @Test func `each destination has a place of its own, with its host and authorities`() throws {
        let settings = """
            OBSERVER_S3_SECOND_BUCKET=copies OBSERVER_S3_SECOND_ENDPOINT=http://127.0.0.1:7000 \
            OBSERVER_S3_THIRD_BUCKET=far OBSERVER_S3_THIRD_REGION=eu-west-1
            """
        let nginx = try NginxHarness(store: "https://store.example", settings: settings)
        defer { nginx.end() }
        let checked = try nginx.check()
        #expect(checked.status == 0, "\(checked.output)")
        let text = try nginx.configuration()
        #expect(text.occurrences(of: "location ^~ /internal/s3") == 3)
        #expect(text.contains("rewrite \"^/internal/s3-second/") && text.contains("Host 127.0.0.1:7000;"))
        #expect(text.contains("Host far.s3.eu-west-1.amazonaws.com;"))
        try nginx.start()
        for path in ["s3", "s3-second", "s3-third"] {
            let answer = try nginx.request("'\(nginx.address)/internal/\(path)/copies/x.mp4'")
            #expect(answer.contains("HTTP/1.1 404 "), "\(answer)")
        }
    }

    @Test func `one destination has one place`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        #expect(try nginx.configuration().occurrences(of: "location ^~ /internal/s3") == 1)
    }

    @Test(arguments: ["SECOND_BUCKET=x OBSERVER_S3_SECOND_ENDPOINT='http://a;return'", "SECOND_BUCKET='x;' "])
    func `a value about another destination that could end a directive is refused`(settings: String) throws {
        #expect(throws: (any Error).self) { try NginxHarness(settings: "OBSERVER_S3_\(settings)") }
    }

    @Test func `a value that could end a directive is refused`() throws {
        #expect(throws: (any Error).self) { try NginxHarness(host: "a;return 200") }
    }

    @Test(arguments: [
        ("/", 302), ("/nowhere", 404), ("/.git/config", 404), ("/api/v1/controller/static/../../../etc/passwd", 404),
        ("/api/v1/controller/static/missing.css", 404), ("/api/v1/controller/", 503), ("/api/v1/cameras/", 503),
        ("/internal/spool/x.mp4", 404), ("/internal/s3/bucket/x.mp4", 404), ("/errors/away.html", 404),
    ])
    func `every answer has its status and the security headers, with the responder away`(
        path: String,
        status: Int
    )
        throws
    {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        let answer = try nginx.request("--path-as-is '\(nginx.address)\(path)'")
        #expect(answer.contains("HTTP/1.1 \(status) "), "\(answer)")
        for header in NginxHarness.headers {
            #expect(answer.contains("\n\(header)"), "\(path) lacks \(header)")
            #expect(answer.occurrences(of: "\n\(header)") == 1, "\(path) has \(header) more than once")
        }
        #expect(answer.contains("\nServer: nginx\n"), "no version is told")
    }

    @Test func `nginx starts while the store's name cannot be found`() throws {
        let nginx = try NginxHarness(store: "https://store.nowhere.invalid:9000")
        defer { nginx.end() }
        let checked = try nginx.check()
        #expect(checked.status == 0, "\(checked.output)")
        try nginx.start()
        #expect(try nginx.request("'\(nginx.address)/'").contains("HTTP/1.1 302 "))
    }

    @Test func `a program gets a problem document and a person a page when the responder is away`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        let api = try nginx.request("'\(nginx.address)/api/v1/cameras/'")
        #expect(api.contains("Content-Type: application/problem+json"))
        #expect(api.occurrences(of: "\nRetry-After: 5\n") == 1 && api.occurrences(of: "\nRetry-After") == 1)
        #expect(api.contains("\"status\":503"))
        let page = try nginx.request("'\(nginx.address)/api/v1/controller/'")
        #expect(page.contains("Content-Type: text/html"))
        #expect(page.contains("script-src 'self'"))
    }

    @Test func `a body over 64 KiB is refused with 413`() throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        let answer = try nginx.request(
            "-X POST -H 'Expect:' --data-binary @<(head -c 70000 /dev/zero) '\(nginx.address)/api/v1/cameras/'"
        )
        #expect(answer.contains("HTTP/1.1 413 "), "\(answer)")
        #expect(answer.contains("application/problem+json"))
    }

    @Test(arguments: ["rebound.example", "127.0.0.1.attacker.example"])
    func `a host name that is not ours is refused`(host: String) throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        let answer = try nginx.request("-H 'Host: \(host)' '\(nginx.address)/api/v1/controller/'")
        #expect(answer.contains("HTTP/1.1 421 "), "\(answer)")
    }

    @Test(arguments: ["localhost", "192.168.1.20:8080", "nvr", "nvr.local", "[::1]", "observer.example"])
    func `addresses, local names and the public name are served`(host: String) throws {
        let nginx = try NginxHarness(host: "observer.example")
        defer { nginx.end() }
        try nginx.start()
        let answer = try nginx.request("-H 'Host: \(host)' '\(nginx.address)/'")
        #expect(answer.contains("HTTP/1.1 302 "), "\(answer)")
        #expect(answer.contains("Location: /api/v1/controller/"))
    }

    @Test(arguments: ["TRACE", "CONNECT"])
    func `methods that nobody needs are refused`(method: String) throws {
        let nginx = try NginxHarness()
        defer { nginx.end() }
        try nginx.start()
        let answer = try nginx.request("-X \(method) '\(nginx.address)/api/v1/cameras/'")
        #expect(answer.contains("HTTP/1.1 405 ") || answer.contains("HTTP/1.1 400 "), "\(answer)")
    }
}
