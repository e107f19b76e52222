import Encodings
import System
import Crypto
import Glibc
import HTTPClient
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import ObserverWeb
import Postgres
import S3
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.nginx) && TestEnvironment.has(.database)), .serialized)
struct APINginxTests {
    @Test func `metrics need no token from this machine, and one for whom a proxy passes on from elsewhere`() throws {
        let harness = try NginxWebHarness()
        let own = try harness.curl("/metrics", as: nil)
        #expect(own.contains("HTTP/1.1 200 ") && own.contains("\nobserver_uploads_failed 0\n"), "\(own)")
        #expect(own.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
        let elsewhere = "-H 'X-Forwarded-For: 192.0.2.7'"
        #expect(try harness.curl("/metrics", elsewhere, as: nil).contains("HTTP/1.1 401 "))
        #expect(try harness.curl("/metrics", elsewhere, as: .viewer).contains("HTTP/1.1 200 "))
        harness.end()
    }

    @Test func `requests pass through nginx with all they need`() throws {
        let harness = try NginxWebHarness()
        for path in [
            "/controller/healthcheck", "/controller/healthcheck/", "/cameras/healthcheck", "/cameras/healthcheck/",
        ] {
            let answer = try harness.curl(path, as: nil)
            #expect(answer.contains("HTTP/1.1 200 ") && answer.hasSuffix("\n\nUP"), "\(answer)")
        }
        let refused = try harness.curl("/cameras/", as: nil)
        #expect(refused.contains("HTTP/1.1 401 "))
        #expect(refused.contains("WWW-Authenticate: Bearer"))
        #expect(refused.contains("Content-Type: application/problem+json"))
        for header in NginxHarness.headers { #expect(refused.occurrences(of: "\n\(header)") == 1, "\(header)") }

        let body = "-X POST -H 'Content-Type: application/json' --data-binary"
        let created = try harness.curl(
            "/cameras",
            #"\#(body) '{"name":"Gate","location":"Here","url":"rtsp://cam.example/1"}'"#
        )
        #expect(created.contains("HTTP/1.1 201 "), "\(created)")
        #expect(created.contains("\nLocation: /api/v1/cameras/1\n"))
        #expect(created.contains("\nETag: \"1-"))
        let head = try harness.curl("/cameras/1/", "-I")
        #expect(head.contains("HTTP/1.1 200 "))
        #expect(head.contains("\nETag: \"1-"))
        #expect(try harness.curl("/cameras/1", "-X PATCH -H 'Content-Type: text/plain' -d x").contains("HTTP/1.1 415 "))
        #expect(try harness.curl("/cameras/1", "-X PUT -d x").contains("\nAllow: DELETE, GET, PATCH, HEAD\n"))
        #expect(try harness.curl("/cameras/?tag=%zz").contains("HTTP/1.1 400 "))
        #expect(try harness.curl("/cameras/..%2f1").contains("HTTP/1.1 404 "))
        #expect(
            try harness.curl("/cameras/", "-H 'Cookie: observer_session=x' -X POST", as: nil).contains("HTTP/1.1 401 ")
        )
        harness.end()
    }

    @Test func `chunked and large bodies are dealt with`() throws {
        let harness = try NginxWebHarness()
        let json = #"{"name":"Gate","location":"Here","url":"rtsp://cam.example/1"}"#
        let post = "-X POST -H 'Content-Type: application/json'"
        let chunked = try harness.curl("/cameras/", "\(post) -H 'Transfer-Encoding: chunked' --data-binary '\(json)'")
        #expect(chunked.contains("HTTP/1.1 201 "), "\(chunked)")
        let large = try harness.curl("/cameras/", "\(post) -H 'Expect:' --data-binary @<(head -c 70000 /dev/zero)")
        #expect(large.contains("HTTP/1.1 413 "))
        let full = try harness.curl("/cameras/", "\(post) -H 'Expect:' --data-binary @<(head -c 65536 /dev/zero)")
        #expect(full.contains("HTTP/1.1 400 "))
        harness.end()
    }

    @Test func `readiness is that of the database, and names what is away to those who are signed in`() throws {
        let harness = try NginxWebHarness()
        let isReady = poll { try harness.curl("/health/ready", as: nil).contains("HTTP/1.1 200 ") }
        #expect(isReady)
        #expect(try harness.curl("/health/ready", as: nil).hasSuffix("\n\n" + #"{"status":"ready"}"#))
        let unknown = "-H 'Authorization: Bearer obs_unknown'"
        #expect(try harness.curl("/health/ready", unknown, as: nil).hasSuffix("\n\n" + #"{"status":"ready"}"#))
        let ready = try harness.curl("/health/ready", as: .viewer)
        #expect(ready.contains(#""database":{"detail":"answers","ok":true}"#), "\(ready)")
        #expect(ready.contains(#""storage":{"#) && ready.contains(#""ok":false"#))
        #expect(try harness.curl("/health/live", as: nil).contains("HTTP/1.1 200 "))
        harness.end()
    }

    @Test func `a segment in the spool is served with ranges, to whom may see it`() throws {
        let harness = try NginxWebHarness()
        let camera = CameraID(rawValue: try harness.web.addCamera())
        let segment = Segment.sample(of: camera)
        try SegmentStore(harness.web.context.database).upsertSpooled([segment])
        let file = try #require(fopen("\(harness.spool)/ready/\(segment.id).mp4", "w"))
        fputs("0123456789", file)
        fclose(file)
        chmod("\(harness.spool)/ready/\(segment.id).mp4", 0o644)
        let path = "/segments/\(segment.id).mp4"
        let whole = try harness.curl(path, as: .viewer)
        #expect(whole.contains("HTTP/1.1 200 ") && whole.hasSuffix("\n\n0123456789"), "\(whole)")
        #expect(whole.contains("\nContent-Type: video/mp4\n"))
        #expect(!whole.contains("X-Accel"))
        let part = try harness.curl(path, "-H 'Range: bytes=2-4'")
        #expect(part.contains("HTTP/1.1 206 ") && part.hasSuffix("\n\n234"), "\(part)")
        #expect(try harness.curl(path, as: nil).contains("HTTP/1.1 401 "))
        #expect(
            try harness.nginx.request("'\(harness.nginx.address)/internal/spool/\(segment.id).mp4'").contains(" 404 ")
        )
        harness.end()
    }

    @Test func `a store that is away is 503, and its signed address is nobody's business`() throws {
        let harness = try NginxWebHarness()
        let camera = CameraID(rawValue: try harness.web.addCamera())
        let segment = Segment.sample(of: camera)
        try SegmentStore(harness.web.context.database).markStored(segment, etag: nil)
        let answer = try harness.curl("/segments/\(segment.id).mp4", as: .viewer)
        #expect(answer.contains("HTTP/1.1 503 ") && answer.contains("\nRetry-After: 5\n"), "\(answer)")
        #expect(answer.contains("application/problem+json"))
        let log = try harness.nginx.log(with: "/segments/")
        #expect(log.contains("/segments/") && !log.contains("X-Amz") && !answer.contains("X-Amz"), "\(log)")
        harness.end()
    }

    @Test func `people behind a proxy on this machine are told apart`() throws {
        let harness = try NginxWebHarness()
        for address in ["192.0.2.7", "192.0.2.8"] {
            _ = try harness.curl("/cameras/", "-H 'X-Forwarded-For: \(address)'")
        }
        // Each of nginx's workers gathers lines of its own.
        for address in ["192.0.2.7", "192.0.2.8"] {
            let log = try harness.nginx.log(with: "\(address) [")
            #expect(log.contains("\(address) ["), "\(log)")
        }
        harness.end()
    }

    @Test(.enabled(if: TestEnvironment.has(.s3)))
    func `a stored segment comes from a private bucket, with ranges`() throws {
        let store = (
            endpoint: try TestEnvironment.address(of: .s3),
            key: try TestEnvironment.required("OBSERVER_TEST_S3_KEY"),
            secret: try TestEnvironment.required("OBSERVER_TEST_S3_SECRET")
        )
        let harness = try NginxWebHarness(store: store)
        let camera = CameraID(rawValue: try harness.web.addCamera())
        let segment = Segment.sample(of: camera)
        let bytes = Array("0123456789".utf8)
        let configuration = S3Configuration(
            endpoint: try S3Endpoint(store.endpoint),
            region: "us-east-1",
            bucket: "recordings",
            credentials: .fixed(S3Credentials(accessKeyID: store.key, secretAccessKey: Secret(store.secret)))
        )
        let client = S3Client(configuration, http: HTTPClient.running(name: "s3", parallel: 1))
        try client.prepareBucket()
        let upload = S3Upload(
            key: segment.header.objectKey,
            body: .bytes(bytes),
            sha256: SHA256.hex(bytes),
            contentType: "video/mp4"
        )
        try client.put(upload)
        try SegmentStore(harness.web.context.database).markStored(segment, etag: nil)
        let path = "/segments/\(segment.id).mp4"
        let whole = try harness.curl(path, as: .viewer)
        #expect(whole.contains("HTTP/1.1 200 ") && whole.hasSuffix("\n\n0123456789"), "\(whole)")
        #expect(whole.occurrences(of: "\nContent-Type: video/mp4\n") == 1)
        let part = try harness.curl(path, "-H 'Range: bytes=2-4'")
        #expect(part.contains("HTTP/1.1 206 ") && part.hasSuffix("\n\n234"), "\(part)")
        #expect(try harness.curl(path, "-I").contains("HTTP/1.1 200 "))
        let beyond = try harness.curl(path, "-H 'Range: bytes=99-'")
        #expect(beyond.contains("HTTP/1.1 416 ") && !beyond.contains("<Error>"), "\(beyond)")
        let direct = try harness.nginx.request("'\(store.endpoint)/recordings/\(segment.header.objectKey)'")
        #expect(direct.contains(" 403 "), "the bucket is not private")
        harness.end()
    }

    @Test(.enabled(if: TestEnvironment.has(.s3)))
    func `a segment that lies in the second store alone comes from there`() throws {
        let store = (
            endpoint: try TestEnvironment.address(of: .s3),
            key: try TestEnvironment.required("OBSERVER_TEST_S3_KEY"),
            secret: try TestEnvironment.required("OBSERVER_TEST_S3_SECRET")
        )
        let harness = try NginxWebHarness(store: store, second: "observer-second")
        let segment = Segment.sample(of: CameraID(rawValue: try harness.web.addCamera()))
        let bytes = Array("0123456789".utf8)
        let client = S3Client(
            try #require(Store.all.first).configuration(bucket: "observer-second"),
            http: HTTPClient.running(name: "s3", parallel: 1)
        )
        try client.prepareBucket()
        try client.put(
            S3Upload(
                key: segment.header.objectKey,
                body: .bytes(bytes),
                sha256: SHA256.hex(bytes),
                contentType: "video/mp4"
            )
        )
        let rows = SegmentStore(harness.web.context.database)
        try rows.write([.init(segment, .stored, destinations: .second)])
        let path = "/segments/\(segment.id).mp4"
        let whole = try harness.curl(path, as: .viewer)
        #expect(whole.contains("HTTP/1.1 200 ") && whole.hasSuffix("\n\n0123456789"), "\(whole)")
        let part = try harness.curl(path, "-H 'Range: bytes=2-4'")
        #expect(part.contains("HTTP/1.1 206 ") && part.hasSuffix("\n\n234"), "\(part)")
        let list = try harness.curl("/cameras/\(segment.header.cameraID)/segments", as: .viewer)
        #expect(list.contains(#""destinations":["second"]"#), "\(list)")
        // What lies in a store that is not set up is said to.
        try harness.web.context.database.execute("update segments set destinations = 4")
        #expect(try harness.curl(path).contains("not set up"))
        harness.end()
    }

    @Test func `a segment that lies in two stores comes from the one that answers`() throws {
        let profile = S3StubProfile { $0.bucket = "copies" }
        let stub = try #require(S3Stub(profile))
        let store = (endpoint: "http://127.0.0.1:9", key: profile.accessKeyID, secret: "SK")
        let harness = try NginxWebHarness(store: store, second: profile.bucket, at: stub.url)
        let segment = try harness.putSegment(in: stub, profile)
        let rows = SegmentStore(harness.web.context.database)
        try rows.write([.init(segment, .stored, destinations: [.home, .second])])
        let isPlayed = poll {
            try harness.curl("/segments/\(segment.id).mp4", as: .viewer).contains("HTTP/1.1 200 ")
        }
        #expect(isPlayed)
        let ready = try harness.curl("/health/ready", as: .viewer)
        #expect(ready.contains("home does not answer: network, second answers"), "\(ready)")
        harness.end()
    }

    @Test func `a stored segment comes from a store below a path`() throws {
        let profile = S3StubProfile { ($0.basePath, $0.bucket) = ("/storage/v1/s3", "recordings") }
        let stub = try #require(S3Stub(profile))
        let store = (endpoint: stub.url + profile.basePath, key: profile.accessKeyID, secret: "SK")
        let harness = try NginxWebHarness(store: store)
        let segment = try harness.putSegment(in: stub, profile)
        try SegmentStore(harness.web.context.database).markStored(segment, etag: nil)
        let part = try harness.curl("/segments/\(segment.id).mp4", "-H 'Range: bytes=2-4'", as: .viewer)
        #expect(part.contains("HTTP/1.1 206 ") && part.hasSuffix("\n\n234"), "\(part)")
        harness.end()
    }
}
