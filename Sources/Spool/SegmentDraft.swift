package import ObserverCore

/// The header of a segment whose file is still being written, with the moment of its first frame on the machine's own clock.
///
/// The moment leads to the right time of day where that is learnt only later, also by another process.
package struct SegmentDraft: Codable, Hashable, Sendable {
    package var header: SegmentHeader
    /// Nil where the draft was made by a version that did not note it.
    package var begun: BootMoment?

    private enum CodingKeys: String, CodingKey {
        case boot
    }

    package init(_ header: SegmentHeader, begun: BootMoment?) {
        self.header = header
        self.begun = begun
    }

    package init(from decoder: any Decoder) throws {
        header = try SegmentHeader(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        begun = fields.contains(.boot) ? try BootMoment(from: decoder) : nil
    }

    package func encode(to encoder: any Encoder) throws {
        try header.encode(to: encoder)
        try begun?.encode(to: encoder)
    }

    /// The reason to refuse a draft, or nil if there is none.
    var problem: String? {
        if let begun, !(0...Self.latest).contains(begun.uptime) { return "uptime_us is not within a century" }
        return header.problem
    }

    private static let latest: Int64 = 3_155_760_000_000_000
}
