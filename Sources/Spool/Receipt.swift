package import ObserverCore

/// The fact that a segment is stored, as S3 has confirmed it.
///
/// On the disk it proves the upload while the database does not take the row.
package struct Receipt: Codable, Hashable, Sendable {
    package var segment: Segment
    /// The store's name for the stored version.
    package var etag: String?
    package var storedAt: Timestamp
    /// The number of tries until it was stored.
    package var tries: Int

    private enum CodingKeys: String, CodingKey {
        case segment, etag
        case storedAt = "stored_at"
        case tries
    }

    package init(segment: Segment, etag: String?, storedAt: Timestamp, tries: Int) {
        self.segment = segment
        self.etag = etag
        // A machine whose clock was never set uploads all the same.
        self.storedAt = min(max(storedAt, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
        self.tries = tries
    }

    /// The reason not to believe a receipt, or nil if there is none.
    var problem: String? {
        if let problem = segment.problem { return problem }
        guard SegmentLimits.startedAt.contains(storedAt) else { return "stored_at is not in the years 2000 to 2199" }
        return (0...Self.mostTries).contains(tries) ? nil : "tries is \(tries), not 0 to \(Self.mostTries)"
    }

    private static let mostTries = 1_000_000
}
