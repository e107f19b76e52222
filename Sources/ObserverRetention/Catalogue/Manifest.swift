import FoundationEssentials
package import ObserverCore
package import ObserverStore

/// The account of an hour of a stream as it lies in the bucket: one line of JSON for the hour, then one for each segment and
/// gap.
///
/// Lines and members that a newer version adds are passed over; a change that this version cannot bear has another
/// number in the first line.
package struct Manifest: Hashable, Sendable {
    package static let format = 1
    package static let contentType = "application/x-ndjson"

    package var hour: CatalogueHour
    package var segments: [SegmentRecord]
    package var gaps: [CatalogueStore.GapRecord]
    /// The lines that could not be read.
    package var damagedLines = 0

    package init(
        of hour: CatalogueHour,
        segments: [SegmentRecord] = [],
        gaps: [CatalogueStore.GapRecord] = []
    ) {
        (self.hour, self.segments, self.gaps) = (hour, segments, gaps)
    }

    package var isEmpty: Bool { segments.isEmpty && gaps.isEmpty }

    /// Writes it.
    package func encode() -> [UInt8] {
        let heading = Heading(format: Self.format, kind: "hour", stream: hour.stream, hour: hour.hour)
        return NDJSON.encode(heading) + segments.flatMap { NDJSON.encode(SegmentLine($0)) }
            + gaps.flatMap { NDJSON.encode(GapLine($0)) }
    }

    /// Reads it; lines that are damaged are left out and counted.
    ///
    /// - Throws: ``ManifestError`` where it is not the manifest of this hour.
    package init(_ bytes: [UInt8], of hour: CatalogueHour) throws(ManifestError) {
        let lines = NDJSON.lines(bytes)
        guard let first = lines.first, let heading = NDJSON.decode(Heading.self, first), heading.kind == "hour" else {
            throw ManifestError(.malformed, "the first line does not tell the format")
        }
        guard heading.format == Self.format else {
            throw ManifestError(.unknownFormat, "it has format \(heading.format), this program knows \(Self.format)")
        }
        guard heading.stream == hour.stream, heading.hour == hour.hour else {
            throw ManifestError(.malformed, "it is that of \(heading.stream) at \(heading.hour.rfc3339)")
        }
        self.init(of: hour)
        for line in lines.dropFirst() {
            guard let tag = NDJSON.decode(Tag.self, line) else {
                damagedLines += 1
                continue
            }
            switch tag.kind {
            case "segment":
                if let record = NDJSON.decode(SegmentLine.self, line)?.record(in: hour) {
                    segments.append(record)
                } else {
                    damagedLines += 1
                }
            case "gap":
                if let record = NDJSON.decode(GapLine.self, line)?.record(in: hour) {
                    gaps.append(record)
                } else {
                    damagedLines += 1
                }
            default: continue
            }
        }
    }

    private struct Tag: Codable {
        var kind: String
    }

    private struct Heading: Codable {
        var format: Int
        var kind: String
        var stream: StreamID
        var hour: Timestamp
    }
}

/// Members that a row has besides its segment; times are microseconds since 1970, as precise as the columns.
private struct SegmentLine: Codable {
    var kind = "segment"
    var segment: Segment
    var state: SegmentState
    var tries: Int
    var error: String?
    var etag: String?
    var storedAt: Int64?
    var createdAt: Int64
    var contentType = "video/mp4"
    /// The stores that have the object; left out where it is home alone.
    var destinations: Int16?

    private enum CodingKeys: String, CodingKey {
        case kind, segment, state, tries, error, etag, destinations
        case storedAt = "stored_us"
        case createdAt = "created_us"
        case contentType = "content_type"
    }

    init(_ record: SegmentRecord) {
        segment = record.segment
        state = record.state
        tries = record.tries
        error = record.error
        etag = record.etag
        storedAt = record.storedAt?.microseconds
        createdAt = record.createdAt.microseconds
        destinations = record.destinations == .home ? nil : record.destinations.rawValue
    }

    /// The row; nil where it is not one of this hour, or not one at all.
    func record(in hour: CatalogueHour) -> SegmentRecord? {
        let created = Timestamp(microseconds: createdAt)
        let stored = storedAt.map { Timestamp(microseconds: $0) }
        guard segment.problem == nil, CatalogueHour(of: segment.header.stream, segment.id) == hour,
            (0...Int(Int16.max)).contains(tries), SegmentLimits.startedAt.contains(created),
            stored.map(SegmentLimits.startedAt.contains) ?? true,
            destinations.map({ $0 > 0 && DestinationSet(rawValue: $0).isSubset(of: .all) }) ?? true
        else { return nil }
        return SegmentRecord(
            segment: segment,
            state: state,
            tries: tries,
            error: error,
            etag: etag,
            storedAt: stored,
            createdAt: created,
            destinations: destinations.map { DestinationSet(rawValue: $0) } ?? .home
        )
    }
}

private struct GapLine: Codable {
    var kind = "gap"
    var epoch: Int64
    var startedAt: Int64
    var endedAt: Int64?
    var cause: String
    var detail: String?
    var recorder: String?

    private enum CodingKeys: String, CodingKey {
        case kind, epoch, cause, detail, recorder
        case startedAt = "started_us"
        case endedAt = "ended_us"
    }

    init(_ record: CatalogueStore.GapRecord) {
        epoch = record.gap.epoch
        startedAt = record.gap.startedAt.microseconds
        endedAt = record.gap.endedAt?.microseconds
        cause = record.gap.cause.rawValue
        detail = record.gap.detail
        recorder = record.recorder
    }

    func record(in hour: CatalogueHour) -> CatalogueStore.GapRecord? {
        let start = Timestamp(microseconds: startedAt)
        let end = endedAt.map { Timestamp(microseconds: $0) }
        guard let cause = Cause(rawValue: cause), SegmentLimits.epoch.contains(epoch), start >= hour.hour,
            start < hour.end,
            end.map({ $0 > start && SegmentLimits.startedAt.contains($0) }) ?? true
        else { return nil }
        let gap = Gap(
            stream: hour.stream,
            epoch: epoch,
            startedAt: start,
            endedAt: end,
            cause: cause,
            detail: detail
        )
        return CatalogueStore.GapRecord(gap, recorder: recorder)
    }
}
