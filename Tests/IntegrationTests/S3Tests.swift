import TemporaryFolders
import Encodings
import Crypto
import Glibc
import HTTPClient
import HTTPTypes
import S3
import TestSupport
import Testing

/// A store that speaks S3 and that no one here wrote.
struct Store: Sendable, CustomTestStringConvertible {
    let server: TestEnvironment.Server
    /// True if it honours `If-None-Match: *`; rclone does not know it.
    let isConditional: Bool

    var testDescription: String { "\(server)" }

    /// The stores this run was given.
    static let all: [Store] = [
        Store(server: .s3, isConditional: true), Store(server: .rclone, isConditional: false),
    ].filter { TestEnvironment.has($0.server) }

    func credentials(secret: String? = nil) throws -> S3Credentials {
        let name = server == .s3 ? "S3" : "RCLONE"
        return S3Credentials(
            accessKeyID: try TestEnvironment.required("OBSERVER_TEST_\(name)_KEY"),
            secretAccessKey: Secret(try secret ?? TestEnvironment.required("OBSERVER_TEST_\(name)_SECRET"))
        )
    }

    func configuration(bucket: String, secret: String? = nil) throws -> S3Configuration {
        try S3Configuration(
            endpoint: S3Endpoint(TestEnvironment.address(of: server)),
            region: "us-east-1",
            bucket: bucket,
            credentials: .fixed(credentials(secret: secret))
        )
    }

    /// A client of the bucket that all tests share; each takes a prefix of its own.
    func client() throws -> S3Client {
        let client = S3Client(try configuration(bucket: "observer-tests"), http: Self.http)
        try client.prepareBucket()
        return client
    }

    /// The beginning of the keys of one test.
    static func scratch() -> String { "\(getpid())-\(UInt32.random(in: 0 ... .max))/" }

    static let http = HTTPClient.running(name: "s3-tests", parallel: 8)
}

@Suite(.enabled(if: !Store.all.isEmpty), .timeLimit(.minutes(3)))
struct S3Tests {
    private let scratch = Store.scratch()

    private func upload(_ key: String, _ bytes: [UInt8], onlyIfAbsent: Bool = false) -> S3Upload {
        S3Upload(
            key: scratch + key,
            body: .bytes(bytes),
            sha256: SHA256.hex(bytes),
            contentType: "video/mp4",
            metadata: [("camera", "7"), ("sha256", SHA256.hex(bytes))],
            onlyIfAbsent: onlyIfAbsent
        )
    }

    private func error(_ body: () throws(S3Error) -> Void) -> S3Error? {
        do throws(S3Error) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Store.all)
    func `what was put is read back, whole and in part, with its metadata`(store: Store) throws {
        let client = try store.client()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        try client.put(upload("observer/7/a.mp4", bytes))
        #expect(try client.get(scratch + "observer/7/a.mp4") == bytes)
        #expect(try client.get(scratch + "observer/7/a.mp4", range: 10...19) == Array(bytes[10...19]))
        let info = try client.head(scratch + "observer/7/a.mp4")
        #expect(info.bytes == 300_000)
        #expect(info.checksum == nil || info.checksum == SHA256.hex(bytes))
        #expect(info.metadata["sha256"] == SHA256.hex(bytes))
        #expect(info.metadata["camera"] == "7")
    }

    @Test(arguments: Store.all)
    func `keys with odd characters are signed as the store reads them`(store: Store) throws {
        let client = try store.client()
        for key in ["a b.mp4", "a+b", "a:b", "ä/é=1&c.mp4", "a~b_c-d.e", "a%2Fb", "(a)!'*", "a$@,;"] {
            try client.put(upload(key, Array(key.utf8)))
            #expect(try client.get(scratch + key) == Array(key.utf8), "\(key)")
        }
    }

    @Test(arguments: Store.all)
    func `a file is put from the disk`(store: Store) throws {
        let client = try store.client()
        let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/file"
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        var upload = upload("file.mp4", bytes)
        upload.body = .file(path: path, length: 2_500_000)
        try client.put(upload)
        #expect(try client.head(scratch + "file.mp4").bytes == 2_500_000)
    }

    @Test(arguments: Store.all)
    func `a second object under a key is refused where the store knows how`(store: Store) throws {
        let client = try store.client()
        try client.put(upload("once", [1], onlyIfAbsent: true))
        let second = error { () throws(S3Error) in try client.put(upload("once", [2], onlyIfAbsent: true)) }
        #expect(second?.kind == (store.isConditional ? .preconditionFailed : nil))
    }

    @Test(arguments: Store.all)
    func `lists come in pages and in order`(store: Store) throws {
        let client = try store.client()
        let keys = (0..<7).map { "observer/\($0).mp4" }
        for key in keys { try client.put(upload(key, [1, 2])) }
        try client.put(upload("other", [1]))
        var found: [String] = []
        var continuation: String?
        repeat {
            let page = try client.list(prefix: scratch + "observer/", limit: 3, continuation: continuation)
            #expect(page.sizes.allSatisfy { $0 == 2 })
            found += page.keys
            continuation = page.continuation
        } while continuation != nil
        #expect(found == keys.map { scratch + $0 })
    }

    @Test(arguments: Store.all)
    func `what was deleted is gone, and deleting it again is harmless`(store: Store) throws {
        let client = try store.client()
        try client.put(upload("gone", [1]))
        try client.delete(scratch + "gone")
        try client.delete(scratch + "gone")
        #expect(error { () throws(S3Error) in _ = try client.head(scratch + "gone") }?.kind == .notFound)
    }

    @Test(arguments: Store.all)
    func `a presigned URL gives the object and its ranges to anybody, for a while`(store: Store) throws {
        let client = try store.client()
        try client.put(upload("a b.mp4", Array("0123456789".utf8)))
        let url = try client.presignGet(
            scratch + "a b.mp4",
            expires: 60,
            responseHeaders: [("response-content-type", "video/mp4")]
        )
        let whole = try Store.http.send(HTTPClientRequest(method: .get, url: url.url))
        #expect(whole.status == 200 && whole.body == Array("0123456789".utf8))
        let range = HTTPClientRequest(method: .get, url: url.url, headers: [("range", "bytes=2-4")])
        #expect(try Store.http.send(range).body == Array("234".utf8))
        let other = url.url.replacing("a%20b", with: "a%20c")
        #expect(try Store.http.send(HTTPClientRequest(method: .get, url: other)).status >= 400)
        let signer = S3Signer(client.configuration.place, credentials: try store.credentials())
        let expired = signer.presignGet(key: scratch + "a b.mp4", expires: 60, at: Int64(time(nil)) - 120)
        #expect(try Store.http.send(HTTPClientRequest(method: .get, url: expired.url)).status >= 400)
    }

    @Test(arguments: Store.all)
    func `a wrong secret is refused, and the error says which setting`(store: Store) throws {
        let bucket = try store.client().configuration.bucket
        let client = S3Client(try store.configuration(bucket: bucket, secret: "wrong"), http: Store.http)
        let refused = error { () throws(S3Error) in try client.put(upload("a", [1])) }
        #expect(refused?.kind == .refused)
        #expect(refused?.isTemporary == false)
        #expect(refused?.hint?.contains("AWS_SECRET_ACCESS_KEY") == true)
    }

    @Test(arguments: Store.all, [-3600, 3600] as [Int64])
    func `a clock that is off is learned from the store`(store: Store, error: Int64) throws {
        let bucket = try store.client().configuration.bucket
        func client() throws -> S3Client {
            S3Client(try store.configuration(bucket: bucket), http: Store.http) { Int64(time(nil)) + error }
        }
        let first = try client()
        try first.put(upload("clock", [1]))
        #expect(try first.get(scratch + "clock") == [1])
        // The refusal of a HEAD has no body that names the reason.
        #expect(try client().head(scratch + "clock").bytes == 1)
        let url = try first.presignGet(scratch + "clock", expires: 60)
        #expect(try Store.http.send(HTTPClientRequest(method: .get, url: url.url)).status == 200)
    }

    @Test(arguments: Store.all)
    func `creating a bucket that is ours is harmless`(store: Store) throws {
        let client = try store.client()
        try client.createBucket()
        try client.checkBucket()
    }
}
