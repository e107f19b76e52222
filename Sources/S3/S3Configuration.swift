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
    ///   - endpoint: A store of one's own, addressed by path; nil for AWS, addressed by host unless the bucket's name has a
    ///     dot, which no certificate of AWS covers.
    ///   - region: The region.
    ///   - bucket: The bucket.
    ///   - accessKeyID: The name of the access key.
    ///   - secretAccessKey: The access key.
    ///   - sessionToken: The token of temporary credentials.
    public init(
        endpoint: S3Endpoint?,
        region: String,
        bucket: String,
        accessKeyID: String,
        secretAccessKey: Secret,
        sessionToken: Secret? = nil
    ) {
        if let endpoint {
            (scheme, authority) = (endpoint.scheme, endpoint.authority)
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

    /// Returns the encoded path of an object, or of the bucket for an empty key.
    public func path(_ key: String) -> String {
        let encoded = PercentEncoding.encode(key, keepsSlash: true)
        guard isPathStyle else { return "/" + encoded }
        return key.isEmpty ? "/\(bucket)" : "/\(bucket)/\(encoded)"
    }
}
