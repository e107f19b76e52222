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
    /// Where the object is.
    package var destinations: DestinationSet

    private enum CodingKeys: String, CodingKey {
        case segment, etag
        case storedAt = "stored_at"
        case tries, destinations
    }

    package init(
        segment: Segment,
        etag: String?,
        storedAt: Timestamp,
        tries: Int,
        destinations: DestinationSet = .home
    ) {
        self.destinations = destinations
        self.segment = segment
        self.etag = etag
        // A machine whose clock was never set uploads all the same.
        self.storedAt = min(max(storedAt, SegmentLimits.startedAt.lowerBound), SegmentLimits.startedAt.upperBound)
        self.tries = tries
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        segment = try values.decode(Segment.self, forKey: .segment)
        etag = try values.decodeIfPresent(String.self, forKey: .etag)
        storedAt = try values.decode(Timestamp.self, forKey: .storedAt)
        tries = try values.decode(Int.self, forKey: .tries)
        // Receipts of a time with one destination do not name it.
        let number = try values.decodeIfPresent(Int16.self, forKey: .destinations)
        destinations = number.map(DestinationSet.init(rawValue:)) ?? .home
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(segment, forKey: .segment)
        try values.encodeIfPresent(etag, forKey: .etag)
        try values.encode(storedAt, forKey: .storedAt)
        try values.encode(tries, forKey: .tries)
        if destinations != .home { try values.encode(destinations.rawValue, forKey: .destinations) }
    }

    /// The reason not to believe a receipt, or nil if there is none.
    var problem: String? {
        if let problem = segment.problem { return problem }
        guard SegmentLimits.startedAt.contains(storedAt) else { return "stored_at is not in the years 2000 to 2199" }
        guard !destinations.isEmpty, DestinationSet.all.isSuperset(of: destinations) else {
            return "destinations is \(destinations.rawValue), not 1 to \(DestinationSet.all.rawValue)"
        }
        return (0...Self.mostTries).contains(tries) ? nil : "tries is \(tries), not 0 to \(Self.mostTries)"
    }

    private static let mostTries = 1_000_000
}
