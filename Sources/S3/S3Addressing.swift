/// The place of the bucket's name in a URL.
public enum S3Addressing: String, Sendable, CaseIterable {
    /// `https://host/bucket/key`.
    case path
    /// `https://bucket.host/key`, the only form that some stores take.
    case host
}
