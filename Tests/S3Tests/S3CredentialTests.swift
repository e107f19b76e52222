import Crypto
import Glibc
import HTTPClient
import System
import TemporaryFolders
import TestSupport
import Testing

@testable import S3

/// Access keys that come from somewhere and end.
@Suite(.timeLimit(.minutes(2))) struct S3CredentialTests {
    private let folder = TemporaryFolder()

    private func write(_ text: String, to name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        return path
    }

    /// A key as the platforms hand it out, with the store's word for its session.
    private static func json(_ token: String, expiration: String = "2099-01-01T00:00:00Z") -> String {
        """
        {"Code": "Success", "AccessKeyId": "AK", "SecretAccessKey": "SK", "Token": "\(token)", "Expiration": "\(expiration)"}
        """
    }

    @Test func `a key in files is read again when the store refuses it, and nothing waits for a restart`() throws {
        let id = try write("OLD\n", to: "id")
        let secret = try write("SK\n", to: "secret")
        let source = S3CredentialSource.Settings(
            accessKeyID: .file(id),
            secretAccessKey: .file(secret),
            sessionToken: nil
        )
        let harness = try StoreHarness(S3StubProfile(), credentials: .settings(source))
        #expect(harness.kind { () throws(S3Error) in try harness.client.checkBucket() } == .refused)
        _ = try write("AK\n", to: "id")
        #expect(poll { try harness.client.store(harness.upload()).proof == .checksum })
    }

    @Test func `an expired key in files is trouble, and the newer one is taken`() throws {
        let token = try write("old", to: "token")
        let source = S3CredentialSource.Settings(
            accessKeyID: .value(Secret("AK")),
            secretAccessKey: .value(Secret("SK")),
            sessionToken: .file(token)
        )
        let harness = try StoreHarness(S3StubProfile { $0.sessionToken = "new" }, credentials: .settings(source))
        let upload = try harness.upload()
        do throws(S3Error) {
            try harness.client.store(upload)
            Issue.record("an expired key was accepted")
        } catch {
            #expect(error.kind == .credentials && error.isTemporary)
        }
        _ = try write("new", to: "token")
        #expect(poll { try harness.client.store(upload).proof == .checksum })
    }

    @Test func `a role is taken on with the token of the platform, unsigned, and the request says so`() throws {
        let token = try write("jwt.with+signs/=", to: "jwt")
        let service = try #require(
            HTTPStub { _ in
                HTTPStub.Answer(
                    200,
                    """
                    <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
                    <AccessKeyId>AK</AccessKeyId><SecretAccessKey>SK</SecretAccessKey><SessionToken>t1</SessionToken>
                    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
                    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                    """
                )
            }
        )
        let identity = S3CredentialSource.WebIdentity(
            tokenFile: token,
            roleARN: "arn:aws:iam::123456789012:role/observer",
            sessionName: "observer",
            endpoint: service.url
        )
        let harness = try StoreHarness(S3StubProfile { $0.sessionToken = "t1" }, credentials: .webIdentity(identity))
        for key in ["1", "2", "3"] { try harness.client.store(harness.upload(key)) }
        #expect(service.requests.count == 1)
        let request = try #require(service.requests.first)
        let form = String(decoding: request.body, as: UTF8.self)
        #expect(request.method == "POST" && request.headers["authorization"] == nil)
        #expect(form.contains("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"))
        #expect(form.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fobserver"))
        #expect(form.contains("WebIdentityToken=jwt.with%2Bsigns%2F%3D"))
    }

    @Test func `a role that is refused is trouble with the service's word, and is not asked for by every request`()
        throws
    {
        let service = try #require(
            HTTPStub { _ in
                HTTPStub.Answer(400, "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>")
            }
        )
        let identity = S3CredentialSource.WebIdentity(
            tokenFile: try write("jwt", to: "jwt"),
            roleARN: "arn:aws:iam::123456789012:role/observer",
            sessionName: "observer",
            endpoint: service.url
        )
        let harness = try StoreHarness(S3StubProfile(), credentials: .webIdentity(identity))
        for _ in 0..<20 {
            do throws(S3Error) {
                try harness.client.checkBucket()
                Issue.record("there is no key")
            } catch {
                #expect(error.kind == .credentials && error.code == "ExpiredTokenException")
            }
        }
        #expect(service.requests.count <= 3)
        #expect(harness.stub.requests.isEmpty)
    }

    @Test
    func `a container's endpoint gets its token from the file each time, and renews what the store calls expired`()
        throws
    {
        let token = try write("first", to: "authorization")
        let endpoint = try #require(
            HTTPStub { request in
                let authorization = request.headers["authorization"] ?? ""
                return HTTPStub.Answer(200, Self.json(authorization == "first" ? "t1" : "t2"))
            }
        )
        let container = S3CredentialSource.Container(
            url: "\(endpoint.url)/v1/credentials?a=b",
            authorization: .file(token)
        )
        let harness = try StoreHarness(S3StubProfile { $0.sessionToken = "t1" }, credentials: .container(container))
        try harness.client.store(harness.upload("1"))
        harness.stub.change { $0.sessionToken = "t2" }
        _ = try write("second", to: "authorization")
        try harness.client.store(harness.upload("2"))
        #expect(endpoint.requests.count == 2)
        #expect(
            endpoint.requests.allSatisfy { $0.method == "GET" && $0.path == "/v1/credentials" && $0.query == "a=b" }
        )
        // The expired one was sent once, and the request repeated once.
        #expect(harness.methods == ["PUT", "PUT", "PUT"])
    }

    @Test func `a newer key is wanted five minutes before the end, and in the middle of a short life`() throws {
        let key = S3Credentials(accessKeyID: "AK", secretAccessKey: Secret("SK"))
        let now = MonotonicInstant.now()
        let hour = S3CredentialLease(key, lifetime: .seconds(3600), now: now)
        #expect(hour.renewsAt == now + .seconds(3300) && hour.endsAt == now + .seconds(3600))
        #expect(S3CredentialLease(key, lifetime: .seconds(240), now: now).renewsAt == now + .seconds(120))
        #expect(S3CredentialLease(key, lifetime: nil, now: now).renewsAt == .distantFuture)
    }

    @Test func `the end of a key is told by its issuer's clock`() {
        let date = "Thu, 26 Nov 2026 17:00:00 GMT"
        #expect(S3CredentialLease.lifetime(expiration: "2026-11-26T18:00:00Z", date: date) == .seconds(3600))
        #expect(S3CredentialLease.lifetime(expiration: "2026-11-26T18:00:00.123Z", date: date) == .seconds(3600))
        #expect(S3CredentialLease.lifetime(expiration: "2020-01-01T00:00:00Z", date: date) == .zero)
        #expect(S3CredentialLease.lifetime(expiration: "9999-12-31T23:59:59Z", date: date) == .seconds(7 * 86_400))
        for odd in ["", "tomorrow", "2026-13-01T00:00:00Z", "99999999999999999999"] {
            #expect(S3CredentialLease.lifetime(expiration: odd, date: date) == nil)
        }
    }

    @Test func `a key is renewed before its end, while requests go on`() throws {
        let count = Lock(0)
        let endpoint = try #require(
            HTTPStub { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                let end = Int64(time(nil)) + (number == 1 ? 4 : 7200)
                return HTTPStub.Answer(200, Self.json("t", expiration: Self.rfc3339(end)))
            }
        )
        let container = S3CredentialSource.Container(url: "\(endpoint.url)/", authorization: nil)
        let harness = try StoreHarness(S3StubProfile { $0.sessionToken = "t" }, credentials: .container(container))
        let isRenewed = poll {
            try harness.client.checkBucket()
            return endpoint.requests.count == 2
        }
        #expect(isRenewed)
        for _ in 0..<5 { try harness.client.checkBucket() }
        #expect(endpoint.requests.count == 2)
    }

    private static func rfc3339(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `the machine's role comes from the second version of the metadata service`() throws {
        let service = try #require(
            HTTPStub { request in
                let path = "/latest/meta-data/iam/security-credentials/"
                guard request.method == "GET" else {
                    let isToken = request.method == "PUT" && request.path == "/latest/api/token"
                    return HTTPStub.Answer(isToken ? 200 : 400, isToken ? "session" : "")
                }
                guard request.headers["x-aws-ec2-metadata-token"] == "session" else { return HTTPStub.Answer(401) }
                if request.path == path { return HTTPStub.Answer(200, "the-role\n") }
                return request.path == path + "the-role" ? HTTPStub.Answer(200, Self.json("t1")) : HTTPStub.Answer(404)
            }
        )
        let harness = try StoreHarness(
            S3StubProfile { $0.sessionToken = "t1" },
            credentials: .instance(endpoint: service.url)
        )
        try harness.client.store(harness.upload())
        #expect(service.requests.map(\.method) == ["PUT", "GET", "GET"])
        let token = try #require(service.requests.first)
        #expect(token.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600")
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "{\"AccessKeyId\": 1, \"SecretAccessKey\": \"SK\"}",
        "{\"AccessKeyId\": \"A K\", \"SecretAccessKey\": \"SK\"}",
        "{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"\"}",
        "{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"SK\", \"Expiration\": \"9999999999999999999\"}",
    ])
    func `a response that is no key is trouble, and is not repeated`(body: String) throws {
        let endpoint = try #require(HTTPStub { _ in HTTPStub.Answer(200, body) })
        let container = S3CredentialSource.Container(url: "\(endpoint.url)/", authorization: nil)
        let harness = try StoreHarness(S3StubProfile(), credentials: .container(container))
        do throws(S3Error) {
            try harness.client.checkBucket()
            Issue.record("there is no key")
        } catch {
            #expect(error.kind == .credentials && !"\(error)".contains("SK"))
        }
    }
}
