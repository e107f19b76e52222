import Crypto
import Glibc
import HTTPClient
import HTTPTypes
import S3
import TestSupport
import Testing

/// The access keys of the services at the private store, and the servers under its S3 API.
@Suite(
    .enabled(if: TestEnvironment.has(.s3) && TestEnvironment.variable("OBSERVER_TEST_S3_WEB") != nil),
    .timeLimit(.minutes(2))
)
struct StoreIdentityTests {
    private let prefix = "identities-\(UInt32.random(in: 0 ... .max))"
    private let administrator: S3Client

    init() throws {
        administrator = try Self.client(
            key: TestEnvironment.required("OBSERVER_TEST_S3_KEY"),
            secret: TestEnvironment.required("OBSERVER_TEST_S3_SECRET")
        )
        try administrator.prepareBucket()
    }

    /// The bucket in which the services have rights.
    private static func client(key: String, secret: String, bucket: String = "observer") throws -> S3Client {
        S3Client(
            try S3Configuration(
                endpoint: S3Endpoint(TestEnvironment.address(of: .s3)),
                region: "us-east-1",
                bucket: bucket,
                credentials: .fixed(S3Credentials(accessKeyID: key, secretAccessKey: Secret(secret)))
            ),
            http: Store.http
        )
    }

    private func client(_ service: String, bucket: String = "observer") throws -> S3Client {
        let parts = try TestEnvironment.required("OBSERVER_TEST_S3_\(service)").split(separator: ":").map { String($0) }
        return try Self.client(key: parts[0], secret: parts[1], bucket: bucket)
    }

    private func upload(_ key: String) -> S3Upload {
        let bytes = Array("a recording".utf8)
        return S3Upload(
            key: "\(prefix)/\(key)",
            body: .bytes(bytes),
            sha256: SHA256.hex(bytes),
            contentType: "video/mp4",
            metadata: [(name: "sha256", value: SHA256.hex(bytes))]
        )
    }

    private func isForbidden(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch let error as S3Error {
            return error.kind == .refused
        } catch {
            return false
        }
    }

    @Test func `pages read, the uploader puts, and neither deletes`() throws {
        let (web, uploader) = (try client("WEB"), try client("UPLOAD"))
        let recording = upload("a.mp4")
        _ = try uploader.probe(recording)
        _ = try uploader.store(upload("b.mp4"))
        #expect(try uploader.get(recording.key).count == 11 && web.get(recording.key).count == 11)
        try uploader.checkBucket()
        let signed = try web.presignGet(recording.key, expires: 60).url
        #expect(try Store.http.send(HTTPClientRequest(method: .get, url: signed)).status == 200)
        #expect(isForbidden { _ = try web.put(upload("c.mp4")) })
        for client in [web, uploader] {
            #expect(isForbidden { try client.delete(recording.key) })
            #expect(try client.delete([recording.key]).refused.keys.first == recording.key)
        }
        #expect(try administrator.get(recording.key).count == 11)
    }

    @Test func `retention deletes and writes the catalogue alone`() throws {
        let retention = try client("RETENTION")
        let recording = upload("d.mp4")
        _ = try administrator.put(recording)
        #expect(isForbidden { _ = try retention.put(upload("e.mp4")) })
        _ = try retention.put(upload("catalogue/e.json"))
        _ = try retention.versioning()
        try retention.delete(recording.key)
        #expect(throws: S3Error.self) { try administrator.get(recording.key) }
    }

    @Test func `no service has rights in another bucket, or over the bucket`() throws {
        for service in ["WEB", "UPLOAD", "RETENTION"] {
            let elsewhere = try client(service, bucket: "observer-tests")
            #expect(isForbidden { _ = try elsewhere.get("\(prefix)/a") }, "\(service) reads elsewhere")
            #expect(isForbidden { _ = try elsewhere.put(upload("x")) }, "\(service) writes elsewhere")
            let fresh = try client(service, bucket: "mine-\(UInt32.random(in: 0 ... .max))")
            // It takes a refusal for a bucket that somebody else made.
            try? fresh.createBucket()
            #expect(throws: S3Error.self, "\(service) makes buckets") { try fresh.put(upload("x")) }
        }
    }

    @Test func `master, volume and filer give nothing to whoever has no key of theirs`() throws {
        let recording = upload("f.mp4")
        _ = try administrator.put(recording)
        let ports = try TestEnvironment.required("OBSERVER_TEST_S3_PORTS").split(separator: ",").map { String($0) }
        try #require(ports.count == 7)
        let (master, volume, filer) = (ports[0], ports[2], ports[4])
        let paths: [(port: String, path: String)] = [
            (filer, "/"), (filer, "/buckets/"), (filer, "/buckets/observer/"),
            (filer, "/buckets/observer/\(recording.key)"),
            (filer, "/buckets/observer?recursive=true"), (filer, "/etc/iam/identity.json"),
            (master, "/dir/assign"), (master, "/dir/status"), (master, "/dir/lookup?volumeId=1"),
            (master, "/col/delete?collection=observer"), (master, "/vol/status"), (volume, "/1,01637037d6"),
            (volume, "/ui/index.html"),
        ]
        for (port, path) in paths {
            for method in [HTTPMethod.get, .put, .post, .delete] {
                let url = "http://127.0.0.1:\(port)\(path)"
                let status = try Store.http.send(HTTPClientRequest(method: method, url: url)).status
                #expect(status >= 400, "\(method.rawValue) \(path) at \(port): \(status)")
            }
        }
        #expect(try administrator.get(recording.key).count == 11)
    }

    @Test func `the tool of the store, without its certificate, gets nothing`() throws {
        _ = try administrator.put(upload("g.mp4"))
        let ports = try TestEnvironment.required("OBSERVER_TEST_S3_PORTS").split(separator: ",").map { String($0) }
        let script = """
            cd /; printf 'fs.ls /buckets\\nfs.rm -r /buckets/observer\\nexit\\n' | timeout 10 \
            \(TestEnvironment.repository)/.build/tools/bin/weed shell -master 127.0.0.1:\(ports[0]).\(ports[1]) \
            -filer 127.0.0.1:\(ports[4]).\(ports[5]) 2>&1 | grep -q observer
            """
        var status: Int32 = 0
        waitpid(try PrivateBroker.spawn(script), &status, 0)
        #expect(status != 0)
        #expect(try administrator.get("\(prefix)/g.mp4").count == 11)
    }
}
