import Crypto
import Glibc
import HTTPClient
import S3
import System
import TemporaryFolders
import TestSupport
import Testing

/// A stub of a store, a client of it, and what the client found out.
struct StoreHarness {
    let stub: S3Stub
    let client: S3Client
    let notices = Lock<[S3Notice]>([])
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    private let folder = TemporaryFolder()

    static let http = HTTPClient.running(name: "stub-client", parallel: 4)

    /// - Parameters:
    ///   - profile: The store's behaviour.
    ///   - addressing: The form of URLs.
    ///   - clockError: This machine's clock less the right time, in seconds.
    ///   - credentials: The place where the access key comes from.
    ///   - options: What is said with requests.
    /// - Throws: When no port is free.
    init(
        _ profile: S3StubProfile,
        addressing: S3Addressing? = nil,
        clockError: Int64 = 0,
        credentials: S3CredentialSource = .fixed(S3Credentials(accessKeyID: "AK", secretAccessKey: Secret("SK"))),
        options: S3Options = S3Options()
    ) throws {
        stub = try #require(S3Stub(profile))
        // libcurl knows that every name below localhost is this machine.
        var configuration = S3Configuration(
            endpoint: try S3Endpoint("http://localhost:\(stub.port)\(profile.basePath)"),
            region: "us-east-1",
            bucket: profile.bucket,
            addressing: addressing,
            credentials: credentials
        )
        configuration.options = options
        client = S3Client(
            configuration,
            http: Self.http,
            clock: { Int64(time(nil)) + clockError },
            notify: { [notices] notice in notices.withLock { $0.append(notice) } }
        )
    }

    /// Describes the upload of a file of 200,000 bytes.
    func upload(_ key: String = "a/b.mp4") throws -> S3Upload {
        let path = "\(folder.path)/file"
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        return S3Upload(
            key: key,
            body: .file(path: path, length: Int64(bytes.count)),
            sha256: SHA256.hex(bytes),
            contentType: "video/mp4",
            metadata: [("sha256", SHA256.hex(bytes))],
            onlyIfAbsent: true
        )
    }

    /// The kind of the error of an operation; nil where it succeeds.
    func kind(_ body: () throws(S3Error) -> Void) -> S3Error.Kind? {
        do throws(S3Error) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    func compare(_ upload: S3Upload, isThere: Bool) throws -> S3Comparison {
        let outcome = Monitor<Result<S3Comparison, S3Error>?>(nil)
        client.compare(upload, isThere: isThere) { result in outcome.withLock { $0 = result } }
        outcome.wait { $0 != nil }
        return try #require(outcome.withLock { $0 }).get()
    }

    /// The methods of the requests so far.
    var methods: [String] { stub.requests.map(\.method) }
}
