import Crypto
import Glibc
import Logging
import ObserverCore
import ObserverStore
import S3
import TestSupport
import Testing

/// The uploader and the tool with stores that differ, as a stub plays them.
@Suite(.enabled(if: UploadHarness.isPossible), .serialized, .timeLimit(.minutes(3)))
struct StoreDifferenceTests {
    /// A store with the bucket and the access key of the harness.
    private func stub(_ harness: UploadHarness, _ profile: S3StubProfile) throws -> S3Stub {
        var profile = profile
        profile.bucket = harness.bucket
        profile.accessKeyID = try harness.accessKey().accessKeyID
        return try #require(S3Stub(profile))
    }

    @Test(arguments: [
        S3StubProfile(), .b2, .r2, .wasabi, .gcs, S3StubProfile { $0.headStatus = 403 },
        S3StubProfile { ($0.knowsChecksum, $0.hasMD5ETag, $0.headStatus, $0.getStatus) = (false, false, 403, 403) },
        S3StubProfile { ($0.bucketStatus, $0.deleteStatus) = (403, 403) },
        S3StubProfile { $0.clockError = 3 * 86_400 },
    ])
    func `recordings arrive, each with its row, without an error and without a try in vain`(
        profile: S3StubProfile
    ) throws {
        let harness = try UploadHarness()
        let stub = try stub(harness, profile)
        let segments = try (0..<5).map { _ in try harness.record() }
        try harness.start(endpoint: stub.url)
        #expect(harness.areStored(segments))
        for segment in segments {
            let object = try #require(stub.objects[segment.header.objectKey])
            #expect(SHA256.hex(object.bytes) == segment.media.sha256)
            let row = try #require(try SegmentStore(harness.database.connect()).get(segment.id))
            #expect(row.error == nil)
        }
        #expect(harness.errors.isEmpty)
        #expect(!harness.log.lines.contains { $0.message == "Upload refused; will retry" })
        let told = harness.log.lines.filter { $0.message == "Store lacks a part of S3" }.map(\.fields)
        #expect(Set(told).count == told.count, "each part is told once")
        harness.stop()
    }

    @Test func `an access key that expires costs no try, and a newer one is taken without a restart`() throws {
        let harness = try UploadHarness()
        let stub = try stub(harness, S3StubProfile { $0.sessionToken = "second" })
        let path = "\(harness.folder)/token"
        func write(_ text: String) throws {
            let file = try #require(fopen(path, "w"))
            fputs(text, file)
            fclose(file)
        }
        try write("first")
        defer { unlink(path) }
        let segments = try (0..<3).map { _ in try harness.record() }
        try harness.start(endpoint: stub.url, more: ["AWS_SESSION_TOKEN_FILE": path])
        #expect(poll { harness.log.lines.contains { $0.message == "S3 unavailable; uploads wait" } })
        try write("second")
        #expect(harness.areStored(segments, within: .seconds(60)))
        #expect(!harness.log.lines.contains { $0.message == "Upload refused; will retry" })
        #expect(harness.errors.isEmpty)
        harness.stop()
    }

    // MARK: The tool

    private func check(_ stub: S3Stub, _ more: String = "") throws -> (code: Int32, output: String) {
        let tool = "\(TestEnvironment.repository)/.build/debug/observerctl"
        let settings =
            "AWS_ENDPOINT_URL_S3=\(stub.url) AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK OBSERVER_S3_BUCKET=video"
        let pipe = try #require(popen("env -i PATH=$PATH \(settings) \(more) '\(tool)' check --only s3 2>&1", "r"))
        var output = ""
        var buffer = [CChar](repeating: 0, count: 1024)
        while fgets(&buffer, 1024, pipe) != nil {
            output += String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return (pclose(pipe) >> 8, output)
    }

    @Test func `check does what the uploader does, and passes where the uploader works`() throws {
        for profile in [
            S3StubProfile.b2, .gcs, S3StubProfile { $0.bucketStatus = 403 }, S3StubProfile { $0.deleteStatus = 403 },
        ] {
            let stub = try #require(S3Stub(profile))
            let (code, output) = try check(stub)
            #expect(code == 0 && output.contains("ok    s3") && output.contains("ok    playback"), "\(output)")
            let put = try #require(stub.requests.last { $0.method == "PUT" })
            #expect(put.headers["x-amz-meta-sha256"] != nil && put.headers["content-type"] == "video/mp4")
        }
    }

    @Test func `check fails where the uploader or the player would, with the store's word`() throws {
        let denied = try check(try #require(S3Stub(S3StubProfile { $0.accessKeyID = "OTHER" })))
        #expect(denied.code == 1 && denied.output.contains("InvalidAccessKeyId"))
        let tagged = S3StubProfile { $0.refusals = [.init("x-amz-tagging", status: 501, code: "NotImplemented")] }
        let refused = try check(try #require(S3Stub(tagged)), "OBSERVER_S3_TAGS=site=a")
        #expect(refused.code == 1 && refused.output.contains("NotImplemented"))
        let blind = try check(try #require(S3Stub(S3StubProfile { $0.getStatus = 403 })))
        #expect(blind.code == 1 && blind.output.contains("ok    s3") && blind.output.contains("FAIL  playback"))
        let hosts = try check(try #require(S3Stub(S3StubProfile { $0.isHostStyleOnly = true })))
        #expect(hosts.code == 1 && hosts.output.contains("OBSERVER_S3_ADDRESSING=host"))
    }
}
