import Encodings

/// The words that go with each object that is put, and with each request, because the bucket's owner wants them.
///
/// Other than the optional parts of the protocol, none of it is ever left out: a store that refuses one of these refuses the
/// object.
public struct S3Options: Sendable, Hashable {
    /// Encryption by the store.
    public enum Encryption: Sendable, Hashable {
        /// With keys of the store's own (SSE-S3).
        case storeKey
        /// With a key of KMS; nil for the bucket's.
        case kms(key: String?)
    }

    /// The encryption of objects; nil for the bucket's default.
    public var encryption: Encryption?
    /// The storage class, such as `STANDARD_IA`; nil for the bucket's default.
    public var storageClass: String?
    /// The tags of objects, for rules of their life and of their cost.
    public var tags: [Tag] = []
    /// The account that must own the bucket, so that nobody who takes its name over gets recordings.
    public var bucketOwner: String?
    /// True if the requester agrees to pay, as some buckets demand.
    public var isRequesterPaying = false

    /// A name and a value.
    public struct Tag: Sendable, Hashable {
        /// The name.
        public let name: String
        /// The value; may be empty.
        public let value: String

        /// Creates a tag.
        public init(name: String, value: String) {
            (self.name, self.value) = (name, value)
        }
    }

    /// Creates options that say nothing.
    public init() {}

    /// The headers of a PUT.
    var objectHeaders: [(String, String)] {
        var headers: [(String, String)] = []
        switch encryption {
        case .storeKey: headers.append(("x-amz-server-side-encryption", "AES256"))
        case .kms(let key):
            headers.append(("x-amz-server-side-encryption", "aws:kms"))
            if let key { headers.append(("x-amz-server-side-encryption-aws-kms-key-id", key)) }
        case nil: break
        }
        if let storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        if !tags.isEmpty {
            let pairs = tags.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
            headers.append(("x-amz-tagging", pairs.joined(separator: "&")))
        }
        return headers
    }

    /// The headers of each request to the bucket; a presigned URL has them in its query.
    var requestHeaders: [(String, String)] {
        var headers: [(String, String)] = []
        if let bucketOwner { headers.append(("x-amz-expected-bucket-owner", bucketOwner)) }
        if isRequesterPaying { headers.append(("x-amz-request-payer", "requester")) }
        return headers
    }
}
