/// A store, a bucket, an access key, and what is said with each request.
public struct S3Configuration: Sendable, Hashable {
    /// The address of the bucket as it was set; a store may name another.
    public let place: S3Place
    /// The place where the access key comes from.
    public let credentials: S3CredentialSource
    /// The words that go with each object that is put, and with each request.
    public var options = S3Options()

    /// The bucket.
    public var bucket: String { place.bucket }
    /// The region of the signature.
    public var region: String { place.region }

    /// Creates a configuration.
    ///
    /// - Parameters:
    ///   - endpoint: A store of one's own; nil for AWS.
    ///   - region: The region.
    ///   - bucket: The bucket.
    ///   - addressing: The form of URLs; nil for the usual one: by path at a store of one's own, by host at AWS unless the
    ///     bucket's name has a dot.
    ///   - credentials: The place where the access key comes from.
    public init(
        endpoint: S3Endpoint?,
        region: String,
        bucket: String,
        addressing: S3Addressing? = nil,
        credentials: S3CredentialSource
    ) {
        place = S3Place(endpoint: endpoint, region: region, bucket: bucket, addressing: addressing)
        self.credentials = credentials
    }
}
