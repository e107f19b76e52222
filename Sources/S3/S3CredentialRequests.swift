import Crypto
import Encodings
import HTTPClient
import HTTPTypes
import System

/// The requests by which the platforms hand out keys, and how their responses are read.
///
/// Nothing of a response is repeated in an error, because it may hold a key.
enum S3CredentialRequests {
    /// The file of a token is not larger than this.
    private static let tokenLimit = 65_536

    private static func limits(_ total: Duration) -> HTTPClientLimits {
        var limits = HTTPClientLimits()
        limits.connect = min(.seconds(2), total)
        limits.total = total
        limits.responseBytes = 1 << 16
        return limits
    }

    /// Reads a value or the file that has it, without line feeds at its end.
    static func read(_ text: S3CredentialSource.Settings.Text) throws(S3Error) -> String {
        switch text {
        case .value(let secret): return secret.expose()
        case .file(let path):
            do {
                let bytes = try File.contents(of: path, limit: tokenLimit, followsLinks: true)
                var text = String(decoding: bytes, as: UTF8.self)
                while text.last?.isNewline == true { text.removeLast() }
                return text
            } catch {
                throw S3Error(.credentials, error.detail)
            }
        }
    }

    // MARK: Web identity

    /// The request for a role ("AssumeRoleWithWebIdentity" in the STS API reference), which is not signed.
    static func webIdentity(_ source: S3CredentialSource.WebIdentity) throws(S3Error) -> HTTPClientRequest {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", source.roleARN),
            ("RoleSessionName", source.sessionName), ("WebIdentityToken", try read(.file(source.tokenFile))),
        ]
        let form = fields.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        return HTTPClientRequest(
            method: .post,
            url: "\(source.endpoint)/",
            headers: [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/xml")],
            body: .bytes(Array(form.utf8)),
            limits: limits(.seconds(10))
        )
    }

    /// Reads the response of the token service.
    static func leaseFromXML(_ response: HTTPClientResponse) throws(S3Error) -> S3CredentialLease {
        let elements = XMLText(response.body)
        guard response.status == 200 else {
            let code = elements.first("Code").flatMap { isWord($0) ? $0 : nil }
            throw S3Error(
                .credentials,
                "the token service refuses the role",
                status: response.status,
                code: code,
                hint: "check AWS_ROLE_ARN, its trust policy and AWS_WEB_IDENTITY_TOKEN_FILE"
            )
        }
        func text(_ name: String) -> String? { elements.all(["Credentials", name]).first }
        return try lease(
            id: text("AccessKeyId"),
            secret: text("SecretAccessKey"),
            token: text("SessionToken"),
            expiration: text("Expiration"),
            response
        )
    }

    // MARK: Container and machine

    /// The request to a container's endpoint ("Container credential provider" in the AWS SDKs reference).
    static func container(_ source: S3CredentialSource.Container) throws(S3Error) -> HTTPClientRequest {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if let authorization = source.authorization { headers.append(("authorization", try read(authorization))) }
        return HTTPClientRequest(method: .get, url: source.url, headers: headers, limits: limits(.seconds(5)))
    }

    /// The request for a session of the metadata service ("Use IMDSv2" in the EC2 user guide).
    static func metadataToken(_ endpoint: String) -> HTTPClientRequest {
        HTTPClientRequest(
            method: .put,
            url: "\(endpoint)/latest/api/token",
            headers: [("x-aws-ec2-metadata-token-ttl-seconds", "21600")],
            limits: limits(.seconds(2))
        )
    }

    /// The request for the name of the machine's role, or for the key of a role.
    static func metadataRole(_ endpoint: String, token: String, role: String = "") -> HTTPClientRequest {
        HTTPClientRequest(
            method: .get,
            url: "\(endpoint)/latest/meta-data/iam/security-credentials/\(PercentEncoding.encode(role))",
            headers: [("x-aws-ec2-metadata-token", token)],
            limits: limits(.seconds(3))
        )
    }

    /// Reads a line of the metadata service: a token, or the name of a role.
    static func line(_ response: HTTPClientResponse, of what: String) throws(S3Error) -> String {
        let text = String(decoding: response.body.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
        guard response.status == 200, !text.isEmpty, text.utf8.count <= 1024 else {
            throw S3Error(
                .credentials,
                "the metadata service gives no \(what)",
                status: response.status,
                hint: "give the machine a role, or set AWS_ACCESS_KEY_ID"
            )
        }
        return text
    }

    /// Reads the response of a container's endpoint or of the metadata service.
    static func leaseFromJSON(_ response: HTTPClientResponse) throws(S3Error) -> S3CredentialLease {
        guard response.status == 200 else {
            throw S3Error(.credentials, "the endpoint gives no access key", status: response.status)
        }
        var fields: [String: String] = [:]
        do {
            if case .object(let members) = try JSONParser.parse(response.body) {
                for (name, value) in members {
                    if case .string(let text) = value { fields[name] = text }
                }
            }
        } catch {
            throw S3Error(.credentials, "the endpoint's response is not JSON", status: response.status)
        }
        return try lease(
            id: fields["AccessKeyId"],
            secret: fields["SecretAccessKey"],
            token: fields["Token"],
            expiration: fields["Expiration"],
            response
        )
    }

    // MARK: Leases

    private static func lease(
        id: String?,
        secret: String?,
        token: String?,
        expiration: String?,
        _ response: HTTPClientResponse
    ) throws(S3Error) -> S3CredentialLease {
        guard let id, isWord(id), let secret, !secret.isEmpty else {
            throw S3Error(.credentials, "the response holds no access key", status: response.status)
        }
        let lifetime = expiration.flatMap {
            S3CredentialLease.lifetime(expiration: $0, date: response.header("date"))
        }
        guard expiration == nil || lifetime != nil else {
            throw S3Error(.credentials, "the time at which the key expires cannot be read", status: response.status)
        }
        let credentials = S3Credentials(
            accessKeyID: id,
            secretAccessKey: Secret(secret),
            sessionToken: token.map { Secret($0) }
        )
        return S3CredentialLease(credentials, lifetime: lifetime, now: .now())
    }

    private static func isWord(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 45, 46, 48...57, 65...90, 95, 97...122: true
                default: false
                }
            }
    }
}
