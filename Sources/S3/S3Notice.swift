/// Something that a client found out about its store, told once each time it changes.
public enum S3Notice: Sendable, Hashable {
    /// The store refuses a part of the protocol, which is left out from now on.
    case lacks(S3Capabilities.Part)
    /// The store's clock and this machine's differ by so many seconds; what is signed goes by the store's.
    case clock(offset: Int64)
    /// The store named another region or server for the bucket.
    case moved(region: String, authority: String)
    /// Objects are stored with no better proof than this.
    case weakProof(S3Proof)
}
