/// A recorded stretch of a stream: one file that plays alone.
///
/// The same JSON is the sidecar in the spool and the segment in the message to the uploader, and its fields are the
/// columns of the row. The recorder creates it once; afterwards it never changes.
package struct Segment: Hashable, Sendable {
    /// The version of the JSON format.
    package static let formatVersion = 2

    package let header: SegmentHeader
    package var media: SegmentMedia
    package var end: SegmentEnd

    package init(header: SegmentHeader, media: SegmentMedia, end: SegmentEnd) {
        self.header = header
        self.media = media
        self.end = end
    }

    package var id: SegmentID { header.id }
    package var startedAt: Timestamp { header.startedAt }
    package var endedAt: Timestamp { header.startedAt.advanced(byMilliseconds: end.durationMilliseconds) }
}

extension Segment: Codable {
    private enum CodingKeys: String, CodingKey {
        case format = "v"
    }

    /// - Throws: ``UnknownFormat`` for another version, before any other field is looked at.
    package init(from decoder: any Decoder) throws {
        let format = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .format)
        guard format == Self.formatVersion else { throw UnknownFormat(found: format, known: Self.formatVersion) }
        header = try SegmentHeader(from: decoder)
        media = try SegmentMedia(from: decoder)
        end = try SegmentEnd(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(Self.formatVersion, forKey: .format)
        try header.encode(to: encoder)
        try media.encode(to: encoder)
        try end.encode(to: encoder)
    }
}
