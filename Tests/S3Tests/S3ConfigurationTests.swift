import Crypto
import Testing

@testable import S3

@Suite struct S3ConfigurationTests {
    @Test(arguments: [
        "", "127.0.0.1:8333", "ftp://x", "http://", "http://u:p@x", "http://x y", "http://x:0", "http://x:1:2",
        "http://[::1", "http://x//y", "http://x/../y", "http://x/a b", "http://x/y?z", "http://x/%2e",
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
        func make(
            _ endpoint: String?,
            bucket: String = "video",
            addressing: S3Addressing? = nil
        ) throws -> S3Place {
            S3Configuration(
                endpoint: try endpoint.map { try S3Endpoint($0) },
                region: "eu-central-1",
                bucket: bucket,
                addressing: addressing,
                credentials: .fixed(S3Credentials(accessKeyID: "a", secretAccessKey: Secret("s")))
            ).place
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
        let virtual = try make("https://oss.example:8443/base", addressing: .host)
        #expect(virtual.authority == "video.oss.example:8443" && virtual.path("a/b") == "/base/a/b")
        #expect(try make("https://x.example/storage/v1/s3/").path("a") == "/storage/v1/s3/video/a")
    }

    private func place(_ endpoint: String?, addressing: S3Addressing? = nil) throws -> S3Place {
        S3Place(
            endpoint: try endpoint.map { try S3Endpoint($0) },
            region: "us-east-1",
            bucket: "video",
            addressing: addressing
        )
    }

    @Test func `another region changes the server of AWS and no other`() throws {
        #expect(try place(nil).moved(to: "eu-west-1")?.authority == "video.s3.eu-west-1.amazonaws.com")
        #expect(try place(nil).moved(to: "cn-north-1")?.authority == "video.s3.cn-north-1.amazonaws.com.cn")
        let own = try place("http://minio.example").moved(to: "here")
        #expect(own?.authority == "minio.example" && own?.region == "here")
        #expect(try place(nil).moved(to: "us-east-1") == nil)
        #expect(try place(nil).moved(to: "eu/../x.evil.example") == nil)
        #expect(try place(nil).moved(to: "") == nil)
    }

    @Test func `a redirect is followed to the same object of the same owner alone`() throws {
        let aws = try place(nil)
        func target(_ place: S3Place, _ location: String) -> String? {
            place.redirected(to: location, path: place.path("a/b"))?.authority
        }
        #expect(target(aws, "https://video.s3-eu-west-1.amazonaws.com/a/b") == "video.s3-eu-west-1.amazonaws.com")
        #expect(target(aws, "http://video.s3-eu-west-1.amazonaws.com/a/b") == nil)
        #expect(target(aws, "https://other.s3-eu-west-1.amazonaws.com/a/b") == nil)
        #expect(target(aws, "https://video.execute-api.eu-west-1.amazonaws.com/a/b") == nil)
        #expect(target(aws, "https://video.s3-eu-west-1.amazonaws.com/other") == nil)
        #expect(target(aws, "https://video.s3.evil.example/a/b") == nil)
        #expect(target(aws, "https://video.s3.us-east-1.amazonaws.com/a/b") == nil)
        let own = try place("http://s3.example:9000")
        #expect(target(own, "http://node3.s3.example:9000/video/a/b") == "node3.s3.example:9000")
        #expect(target(own, "http://node3.s3.example:9001/video/a/b") == nil)
        #expect(target(own, "http://evils3.example:9000/video/a/b") == nil)
        #expect(target(own, "http://s3.example:9000@evil.example/video/a/b") == nil)
        #expect(target(own, "http://127.0.0.1:9000/video/a/b") == nil)
    }
}
