import Crypto
import Testing

@testable import S3

@Suite struct S3ConfigurationTests {
    @Test(arguments: [
        "", "127.0.0.1:8333", "ftp://x", "http://", "http://x/y", "http://u:p@x", "http://x y", "http://x:0",
        "http://x:1:2", "http://[::1",
    ])
    func `an endpoint that is not scheme, host and port is refused`(endpoint: String) {
        let error = #expect(throws: S3Error.self) { try S3Endpoint(endpoint) }
        #expect(error?.kind == .badEndpoint)
        #expect(error.map { !$0.isTemporary && !"\($0)".contains("u:p") } == true)
    }

    @Test(arguments: [
        ("http://127.0.0.1:8333/", "127.0.0.1", 8333), ("https://s3.example", "s3.example", 443),
        ("http://[fd00::1]:9000", "fd00::1", 9000), ("http://[::1]", "::1", 80),
    ])
    func `an endpoint has a host and a port`(text: String, host: String, port: Int) throws {
        let endpoint = try S3Endpoint(text)
        #expect(endpoint.host == host && endpoint.port == port)
    }

    @Test func `a store of one's own is addressed by path, AWS by host`() throws {
        func make(_ endpoint: String?, bucket: String = "video") throws -> S3Configuration {
            S3Configuration(
                endpoint: try endpoint.map { try S3Endpoint($0) },
                region: "eu-central-1",
                bucket: bucket,
                accessKeyID: "a",
                secretAccessKey: Secret("s")
            )
        }
        #expect(try make("http://127.0.0.1:8333/").path("a b/c") == "/video/a%20b/c")
        #expect(try make("https://s3.example:443").authority == "s3.example")
        #expect(try make("http://[::1]:443").authority == "[::1]:443")
        let aws = try make(nil)
        #expect(aws.authority == "video.s3.eu-central-1.amazonaws.com")
        #expect(aws.path("a/b") == "/a/b")
        // The certificate of `*.s3.eu-central-1.amazonaws.com` covers no name with a further dot.
        let dotted = try make(nil, bucket: "video.example.org")
        #expect(dotted.authority == "s3.eu-central-1.amazonaws.com")
        #expect(dotted.path("a/b") == "/video.example.org/a/b")
    }
}
