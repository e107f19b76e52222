/// The whereabouts of a segment's bytes.
package enum SegmentState: String, Codable, Sendable, CaseIterable {
    /// On the recorder's disk, on its way to S3.
    case spooled
    /// In S3, confirmed.
    case stored
    /// Refused by S3 three times; the file is kept.
    case failed
    /// Being deleted by retention, and gone for everybody who asks.
    case expiring
    /// Deleted by retention.
    case expired
    /// Gone, for the reason in its error.
    case lost
}
