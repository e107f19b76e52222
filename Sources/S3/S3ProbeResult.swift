/// The findings of a probe.
public struct S3ProbeResult: Sendable, Hashable {
    /// The fate of `If-None-Match: *`.
    public enum Condition: String, Sendable {
        /// A second object under a key is refused.
        case honoured
        /// It replaces the first one.
        case ignored
        /// The store does not take the header, which is left out.
        case refused
    }

    /// The reason to believe that the store has the right bytes of an object.
    public let proof: S3Proof
    /// The fate of the condition.
    public let condition: Condition
    /// True if metadata come back, false if the store drops them; nil where the access key may not look.
    public let metadata: Bool?
}
