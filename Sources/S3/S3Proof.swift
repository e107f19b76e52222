/// The reason to believe that a store has the bytes of an object, the strongest first.
public enum S3Proof: String, Sendable, CaseIterable {
    /// The store computed a checksum, and it is that of the bytes.
    case checksum
    /// The store's ETag is the MD5 of the bytes as they were sent.
    case etag
    /// Bytes read back from a random place are those of the file, and the length is right.
    case sample
    /// The length is right; the access key may not read more.
    case length
    /// The store says that it has the object; the access key may not look at it.
    case acknowledgement
}
