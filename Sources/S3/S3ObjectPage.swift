/// One page of a list.
public struct S3ObjectPage: Sendable, Hashable {
    /// Keys, in the order of their bytes.
    public let keys: [String]
    /// Sizes in bytes, one for each key.
    public let sizes: [Int64]
    /// The times of the last changes in RFC 3339, one for each key; empty where the store does not tell all of them.
    public let modified: [String]
    /// The token of the next page; nil at the end.
    public let continuation: String?
}
