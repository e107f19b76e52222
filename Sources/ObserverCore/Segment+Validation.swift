extension Segment {
    /// The reason to refuse a segment that came from outside, or nil if there is none.
    ///
    /// Decoding has checked the types; this checks what would do harm: numbers beyond what later arithmetic and the table
    /// `segments` bear, a key that leaves its place, a malformed hash.
    package var problem: String? {
        if let field = fieldOutOfRange { return "\(field) is out of range" }
        func isHash(_ text: String) -> Bool {
            text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
        if !isHash(media.sha256) { return "sha256 is not 64 hex digits" }
        if !isHash(media.initSHA256) { return "init_sha256 is not 64 hex digits" }
        if !header.isNearIdentifier(startedAt) { return "started_at is not the time in the id" }
        if !ObjectKey.isSafe(header.objectKey) { return "object_key is not a safe key" }
        let suffix = ObjectKey.suffix(stream: header.stream, epoch: header.epoch, id: id)
        if !header.objectKey.hasSuffix(suffix) { return "object_key does not end with \(suffix)" }
        return nil
    }

    /// The largest whole number that every reader of JSON takes without a loss (RFC 8259, section 6).
    private static let largestNumber: Int64 = 1 << 53 - 1
    /// The years 2000 to 2199 in milliseconds since 1970: a clock beyond them was never set.
    private static let years: ClosedRange<Int64> = 946_684_800_000...7_258_118_399_999

    private var fieldOutOfRange: String? {
        let numbers = 0...Self.largestNumber
        let fields: [(name: String, value: Int64, range: ClosedRange<Int64>)] = [
            ("camera_id", header.cameraID.rawValue, 1...Self.largestNumber), ("epoch", header.epoch, numbers),
            ("sequence", Int64(header.sequence), 0...Int64(Int32.max)), ("bytes", media.bytes, 1...1 << 32),
            ("init_bytes", media.initBytes, 0...max(media.bytes, 0)), ("media_start_90k", media.start90k, numbers),
            ("media_duration_90k", media.duration90k, numbers), ("frames", Int64(media.frames), 0...10_000_000),
            ("width", Int64(media.width), 0...65_535), ("height", Int64(media.height), 0...65_535),
            ("duration_ms", end.durationMilliseconds, 0...86_400_000),
            ("started_at", startedAt.milliseconds, Self.years),
        ]
        return fields.first { !$0.range.contains($0.value) }?.name
    }
}

extension SegmentHeader {
    /// Takes the better knowledge of when the first frame came.
    ///
    /// A correction by an hour is none: the clock was set meanwhile, and the segment stays where its identifier and its key
    /// have put it.
    package mutating func correct(startedAt corrected: Timestamp) {
        if isNearIdentifier(corrected) { startedAt = corrected }
    }

    /// Returns true for a time less than an hour from that in the identifier: the catalogue looks for segments of a time in
    /// the partitions of identifiers of that time.
    fileprivate func isNearIdentifier(_ time: Timestamp) -> Bool {
        abs(time.milliseconds - id.milliseconds) < 3_600_000
    }
}
