public import Crypto
import Encodings

/// A store, a bucket and an access key.
public struct S3Configuration: Sendable, Hashable {
    /// `http` or `https`.
    public let scheme: String
    /// Host and, where it is not the scheme's own, port.
    public let authority: String
    /// The region of the signature: `eu-central-1`; `us-east-1` for most other stores.
    public let region: String
    /// The bucket.
    public let bucket: String
    /// True if the bucket stands in the path (`/bucket/key`), false if in the host.
    public let isPathStyle: Bool
    /// The name of the access key; not secret.
    public let accessKeyID: String
    /// The access key.
    public let secretAccessKey: Secret
    /// The token of temporary credentials.
    public let sessionToken: Secret?

    /// Creates a configuration.
    ///
    /// - Parameters:
    ///   - endpoint: `http://127.0.0.1:8333` for a store of one's own, addressed by path; nil for AWS, addressed by host
    ///     unless the bucket's name has a dot, which no certificate of AWS covers.
    ///   - region: The region.
    ///   - bucket: The bucket.
    ///   - accessKeyID: The name of the access key.
    ///   - secretAccessKey: The access key.
    ///   - sessionToken: The token of temporary credentials.
    /// - Throws: ``S3Error`` of kind `badEndpoint` where the endpoint is not scheme, host and port.
    public init(
        endpoint: String?,
        region: String,
        bucket: String,
        accessKeyID: String,
        secretAccessKey: Secret,
        sessionToken: Secret? = nil
    ) throws(S3Error) {
        if let endpoint {
            (scheme, authority) = try Self.split(endpoint)
            isPathStyle = true
        } else {
            scheme = "https"
            isPathStyle = bucket.contains(".")
            authority = (isPathStyle ? "" : "\(bucket).") + "s3.\(region).amazonaws.com"
        }
        self.region = region
        self.bucket = bucket
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// Creates a configuration of AWS under a host that does not follow from bucket and region, as the published examples
    /// of signatures have.
    init(host: String, region: String, bucket: String, accessKeyID: String, secretAccessKey: Secret) {
        scheme = "https"
        authority = host
        isPathStyle = false
        self.region = region
        self.bucket = bucket
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        sessionToken = nil
    }

    private static func split(_ endpoint: String) throws(S3Error) -> (scheme: String, authority: String) {
        for scheme in ["http", "https"] where endpoint.hasPrefix(scheme + "://") {
            var authority = endpoint.dropFirst(scheme.count + 3)
            if authority.hasSuffix("/") { authority = authority.dropLast() }
            let allowed = authority.utf8.allSatisfy { byte in
                switch byte {
                case 45, 46, 48...58, 65...91, 93, 95, 97...122: true
                default: false
                }
            }
            guard !authority.isEmpty, allowed else { break }
            let standard = scheme == "http" ? ":80" : ":443"
            return (
                scheme, authority.hasSuffix(standard) ? String(authority.dropLast(standard.count)) : String(authority)
            )
        }
        throw S3Error(.badEndpoint, "must be http://host:port or https://host:port, without a path")
    }

    /// Returns the encoded path of an object, or of the bucket for an empty key.
    public func path(_ key: String) -> String {
        let encoded = PercentEncoding.encode(key, keepsSlash: true)
        guard isPathStyle else { return "/" + encoded }
        return key.isEmpty ? "/\(bucket)" : "/\(bucket)/\(encoded)"
    }
}
