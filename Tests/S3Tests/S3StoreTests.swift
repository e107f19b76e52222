import Crypto
import HTTPClient
import HTTPTypes
import System
import TestSupport
import Testing

@testable import S3

/// Stores that differ, as a stub plays them.
@Suite(.timeLimit(.minutes(2))) struct S3StoreTests {
    /// A store, the form of its URLs, the proof that it gives and the requests that the second upload needs.
    struct Expectation: Sendable, CustomTestStringConvertible {
        let name: String
        let profile: S3StubProfile
        var addressing: S3Addressing?
        let proof: S3Proof
        let requests: [String]

        var testDescription: String { name }
    }

    static let stores = [
        Expectation(name: "full", profile: S3StubProfile(), proof: .checksum, requests: ["PUT"]),
        Expectation(name: "B2", profile: .b2, proof: .etag, requests: ["PUT"]),
        Expectation(name: "R2", profile: .r2, proof: .checksum, requests: ["PUT"]),
        Expectation(name: "Wasabi", profile: .wasabi, proof: .etag, requests: ["PUT"]),
        Expectation(name: "GCS", profile: .gcs, proof: .etag, requests: ["PUT"]),
        Expectation(name: "OSS", profile: .oss, addressing: .host, proof: .etag, requests: ["PUT"]),
        Expectation(
            name: "neither checksum nor MD5",
            profile: S3StubProfile { ($0.knowsChecksum, $0.hasMD5ETag) = (false, false) },
            proof: .sample,
            requests: ["PUT", "HEAD", "GET"]
        ),
        Expectation(
            name: "no HEAD at all",
            profile: S3StubProfile { ($0.knowsChecksum, $0.hasMD5ETag, $0.headStatus) = (false, false, 405) },
            proof: .sample,
            requests: ["PUT", "GET"]
        ),
        Expectation(
            name: "write-only key",
            profile: S3StubProfile { profile in
                (profile.knowsChecksum, profile.hasMD5ETag) = (false, false)
                (profile.headStatus, profile.getStatus) = (403, 403)
            },
            proof: .acknowledgement,
            requests: ["PUT"]
        ),
        Expectation(
            name: "no right to decrypt",
            profile: S3StubProfile { profile in
                (profile.knowsChecksum, profile.hasMD5ETag, profile.getStatus) = (false, false, 403)
                profile.refusals = [.init("x-amz-checksum-mode", status: 403, code: "AccessDenied")]
            },
            proof: .length,
            requests: ["PUT", "HEAD"]
        ),
        Expectation(
            name: "501 for everything optional, without words",
            profile: S3StubProfile { profile in
                profile.knowsChecksum = false
                profile.refusals = ["x-amz-checksum-sha256", "if-none-match", "x-amz-checksum-mode"].map {
                    .init($0, status: 501, code: "NotImplemented")
                }
            },
            proof: .etag,
            requests: ["PUT"]
        ),
        Expectation(
            name: "below a path",
            profile: S3StubProfile { $0.basePath = "/storage/v1/s3" },
            proof: .checksum,
            requests: ["PUT"]
        ),
    ]

    @Test(arguments: stores)
    func `every store takes an object, and what it refuses is not sent again`(store: Expectation) throws {
        let harness = try StoreHarness(store.profile, addressing: store.addressing)
        for key in ["a/1.mp4", "a/2.mp4", "a/3.mp4"] {
            #expect(try harness.client.store(harness.upload(key)).proof == store.proof)
            #expect(harness.stub.objects[key]?.bytes == harness.bytes)
        }
        let before = harness.stub.requests.count
        #expect(try harness.client.store(harness.upload("a/4.mp4")).proof == store.proof)
        #expect(Array(harness.methods[before...]) == store.requests)
    }

    @Test(arguments: stores)
    func `an object whose answer was lost is known again`(store: Expectation) throws {
        let harness = try StoreHarness(store.profile, addressing: store.addressing)
        try harness.client.store(harness.upload())
        let again = harness.kind { () throws(S3Error) in
            guard let upload = try? harness.upload() else { return }
            try harness.client.store(upload)
        }
        // A store without the condition takes the same bytes once more.
        let hasCondition = harness.client.capabilities[.conditionalPut] == true && store.profile.knowsCondition
        #expect(again == (hasCondition ? .preconditionFailed : nil))
        guard case .same = try harness.compare(harness.upload(), isThere: true) else {
            Issue.record("the object counts as another one")
            return
        }
    }

    @Test(arguments: stores)
    func `bytes that were changed on the way are noticed wherever something can be read`(store: Expectation) throws {
        var profile = store.profile
        profile.corruption = 7
        let harness = try StoreHarness(profile, addressing: store.addressing)
        let kind = harness.kind { () throws(S3Error) in
            guard let upload = try? harness.upload() else { return }
            try harness.client.store(upload)
        }
        if store.proof == .acknowledgement {
            #expect(kind == nil)
        } else {
            #expect(kind == .checksumMismatch || kind == .malformed, "\(store.name)")
        }
    }

    @Test(arguments: [false, true])
    func `one byte that was changed on the way is noticed by the MD5 alone, and the bytes are sent again`(
        isMD5Known: Bool
    ) throws {
        for key in 0..<20 {
            let harness = try StoreHarness(S3StubProfile { $0.knowsChecksum = false })
            if isMD5Known { try harness.client.store(harness.upload("a/known.mp4")) }
            harness.stub.change { $0.damages = 1 }
            #expect(try harness.client.store(harness.upload("a/\(key).mp4")).proof == .etag)
            #expect(harness.stub.objects["a/\(key).mp4"]?.bytes == harness.bytes)
            #expect(harness.client.capabilities[.md5ETag] == true)
        }
    }

    @Test func `a store whose ETags only look like MD5s is asked twice once`() throws {
        let harness = try StoreHarness(S3StubProfile { ($0.knowsChecksum, $0.hasMD5ETag) = (false, false) })
        for key in 0..<3 { #expect(try harness.client.store(harness.upload("a/\(key).mp4")).proof == .sample) }
        #expect(harness.methods.count { $0 == "PUT" } == 4)
        #expect(harness.client.capabilities[.md5ETag] == false)
    }

    @Test func `an object of other bytes under the key is not taken for ours`() throws {
        for profile in [
            S3StubProfile(), S3StubProfile { $0.knowsChecksum = false }, S3StubProfile { $0.headStatus = 405 },
        ] {
            let harness = try StoreHarness(profile)
            try harness.client.store(harness.upload())
            harness.stub.change(objects: { _ in [0] })
            #expect(try harness.compare(harness.upload(), isThere: true) == .different)
        }
    }

    @Test func `an object of the right length and other bytes is found out by reading some`() throws {
        let harness = try StoreHarness(S3StubProfile { $0.knowsChecksum = false })
        try harness.client.store(harness.upload())
        harness.stub.change(objects: { $0.map { ~$0 } })
        #expect(try harness.compare(harness.upload(), isThere: true) == .different)
    }

    @Test func `a file that is not what was recorded is not taken for stored where the store does not notice`() throws {
        let harness = try StoreHarness(.wasabi)
        var upload = try harness.upload()
        upload.sha256 = SHA256.hex([1])
        #expect(harness.kind { () throws(S3Error) in try harness.client.store(upload) } == .checksumMismatch)
    }

    @Test func `a part that was left out in vain is not taken for lacking`() throws {
        let profile = S3StubProfile { profile in
            profile.knowsChecksum = false
            profile.refusals = [.init("x-amz-checksum-sha256", status: 501, code: "NotImplemented")]
        }
        let harness = try StoreHarness(profile)
        try harness.client.store(harness.upload())
        #expect(harness.methods == ["PUT", "PUT", "PUT"])
        #expect(harness.client.capabilities[.checksum] == false)
        #expect(harness.client.capabilities[.conditionalPut] != false)
    }

    @Test func `what a store lacks is tried again after an hour`() {
        var capabilities = S3Capabilities()
        let now = MonotonicInstant.now()
        #expect(capabilities.allows(.checksum, now: now))
        let news = [capabilities.lacks(.checksum, now: now), capabilities.lacks(.checksum, now: now)]
        #expect(news == [true, false])
        #expect(!capabilities.allows(.checksum, now: now + .seconds(3599)))
        #expect(capabilities.allows(.checksum, now: now + .seconds(3600)))
    }

    @Test func `a key that may not look proves nothing about an object that nobody said is there`() throws {
        let harness = try StoreHarness(S3StubProfile { ($0.headStatus, $0.getStatus) = (403, 403) })
        #expect(throws: S3Error.self) { try harness.compare(harness.upload(), isThere: false) }
        guard case .same(let object) = try harness.compare(harness.upload(), isThere: true) else {
            Issue.record("the object counts as another one")
            return
        }
        #expect(object.proof == .acknowledgement)
        #expect(harness.notices.withLock { $0 }.contains(.weakProof(.acknowledgement)))
    }

    @Test func `a refusal that is the object's own stays one, and costs no capability`() throws {
        let harness = try StoreHarness(S3StubProfile())
        try harness.client.store(harness.upload())
        harness.stub.change { $0.refusals = [.init("content-type", status: 400, code: "InvalidArgument")] }
        let kind = harness.kind { () throws(S3Error) in
            guard let upload = try? harness.upload("other") else { return }
            try harness.client.store(upload)
        }
        #expect(kind == .refused)
        #expect(harness.client.capabilities[.checksum] == true)
        #expect(harness.client.capabilities[.conditionalPut] == true)
    }

    @Test func `what a store lacks is told once`() throws {
        let harness = try StoreHarness(.b2)
        for key in ["1", "2", "3"] { try harness.client.store(harness.upload(key)) }
        #expect(harness.notices.withLock { $0 } == [.lacks(.checksum), .lacks(.confirmation)])
    }

    @Test(arguments: [-3 * 86_400, -600, 1200, 400 * 86_400] as [Int64])
    func `a clock that is off, by minutes or by days, is set by the store, for playback too`(error: Int64) throws {
        let harness = try StoreHarness(S3StubProfile(), clockError: error)
        try harness.client.store(harness.upload())
        let url = try harness.client.presignGet("a/b.mp4", expires: 60).url
        #expect(try StoreHarness.http.send(HTTPClientRequest(method: .get, url: url)).body == harness.bytes)
    }

    @Test func `the region that the store names is used from then on`() throws {
        let harness = try StoreHarness(S3StubProfile { $0.region = "eu-central-003" })
        try harness.client.store(harness.upload("1"))
        try harness.client.store(harness.upload("2"))
        #expect(harness.methods == ["PUT", "PUT", "PUT"])
        #expect(try harness.client.presignGet("1", expires: 60).query.contains("%2Feu-central-003%2F"))
    }

    @Test func `a redirect to somebody else is an error, and nothing is sent there`() throws {
        let other = try #require(S3Stub(S3StubProfile()))
        let harness = try StoreHarness(S3StubProfile())
        harness.stub.change { $0.redirect = (307, "127.0.0.1:\(other.port)") }
        let kind = harness.kind { () throws(S3Error) in
            guard let upload = try? harness.upload() else { return }
            try harness.client.store(upload)
        }
        #expect(kind == .refused)
        #expect(other.requests.isEmpty)
    }

    @Test(arguments: [403, 405, 501])
    func `a bucket that may not be looked at is no reason to give up`(status: Int) throws {
        let harness = try StoreHarness(S3StubProfile { $0.bucketStatus = status })
        try harness.client.checkBucket()
        try harness.client.createBucket()
    }

    @Test func `a wrong key is told from a right that is missing`() throws {
        let harness = try StoreHarness(S3StubProfile { $0.accessKeyID = "OTHER" })
        #expect(harness.kind { () throws(S3Error) in try harness.client.checkBucket() } == .refused)
    }

    @Test func `what the owner of the bucket wants is said with each object, and never left out`() throws {
        var options = S3Options()
        options.encryption = .kms(key: "arn:aws:kms:eu-central-1:1:key/k")
        options.storageClass = "STANDARD_IA"
        options.tags = [.init(name: "site", value: "a b"), .init(name: "x", value: "")]
        options.bucketOwner = "123456789012"
        options.isRequesterPaying = true
        let harness = try StoreHarness(S3StubProfile(), options: options)
        try harness.client.store(harness.upload())
        let headers = try #require(harness.stub.requests.first?.headers)
        #expect(headers["x-amz-server-side-encryption"] == "aws:kms")
        #expect(headers["x-amz-server-side-encryption-aws-kms-key-id"] == "arn:aws:kms:eu-central-1:1:key/k")
        #expect(headers["x-amz-storage-class"] == "STANDARD_IA")
        #expect(headers["x-amz-tagging"] == "site=a%20b&x=")
        #expect(headers["x-amz-expected-bucket-owner"] == "123456789012")
        #expect(headers["x-amz-request-payer"] == "requester")
        #expect(
            try harness.client.presignGet("a", expires: 60).query.contains("x-amz-expected-bucket-owner=123456789012")
        )
        harness.stub.change { $0.refusals = [.init("x-amz-tagging", status: 501, code: "NotImplemented")] }
        let kind = harness.kind { () throws(S3Error) in
            guard let upload = try? harness.upload("other") else { return }
            try harness.client.store(upload)
        }
        #expect(kind == .refused)
    }
}
