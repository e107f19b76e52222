/// An object that a store has.
public struct S3StoredObject: Sendable, Hashable {
    /// The store's name of this version, with its quotes.
    public let etag: String?
    /// The reason to believe that it has the right bytes.
    public let proof: S3Proof
}

/// The outcome of comparing an object with what was to be put under its key.
public enum S3Comparison: Sendable, Hashable {
    case same(S3StoredObject)
    case different
}
