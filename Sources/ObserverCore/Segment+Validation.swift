// Decoding has checked the types of what came from outside. These properties check what would do harm: numbers that end
// a process or spoil the catalogue, a key that leaves its place, a malformed hash.

extension Segment {
    /// The reason to refuse a segment that came from outside, or nil if there is none.
    package var problem: String? {
        header.problem ?? media.problem ?? end.problem
    }
}

extension SegmentHeader {
    /// The reason to refuse a header that came from outside, or nil if there is none.
    package var problem: String? {
        if let problem = outside("camera_id", stream.camera.rawValue, of: SegmentLimits.cameraID) { return problem }
        if let problem = outside("epoch", epoch, of: SegmentLimits.epoch) { return problem }
        if let problem = outside("sequence", sequence, of: SegmentLimits.sequence) { return problem }
        guard SegmentLimits.startedAt.contains(startedAt) else { return "started_at is not in the years 2000 to 2199" }
        guard isNearIdentifier(startedAt) else { return "started_at is more than an hour from the time in the id" }
        guard SegmentLimits.recorder.contains(origin.recorder.unicodeScalars.count) else {
            return "recorder has not 1 to 63 characters"
        }
        guard ObjectKey.isSafe(objectKey) else { return "object_key is not a safe key" }
        let suffix = ObjectKey.suffix(stream: stream, epoch: epoch, id: id)
        return objectKey.hasSuffix(suffix) ? nil : "object_key does not end with \(suffix)"
    }

    /// Takes over what is known of the start when the segment has ended.
    ///
    /// A time that belongs to another hour than the identifier is left out: the wall clock was set meanwhile.
    package mutating func correct(startedAt time: Timestamp) {
        if SegmentLimits.startedAt.contains(time), isNearIdentifier(time) { startedAt = time }
    }

    private func isNearIdentifier(_ time: Timestamp) -> Bool {
        let distance = time.milliseconds.addingSaturated(-id.milliseconds)
        return distance.magnitude <= UInt64(SegmentLimits.identifierMilliseconds)
    }
}

extension SegmentMedia {
    /// The reason to refuse media that came from outside, or nil if there is none.
    package var problem: String? {
        func isHash(_ text: String) -> Bool {
            text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
        if !isHash(sha256) { return "sha256 is not 64 hex digits" }
        if !isHash(initSHA256) { return "init_sha256 is not 64 hex digits" }
        return outside("bytes", bytes, of: SegmentLimits.bytes)
            ?? outside("init_bytes", initBytes, of: 0...bytes)
            ?? outside("media_start_90k", start90k, of: SegmentLimits.mediaStart90k)
            ?? outside("media_duration_90k", duration90k, of: SegmentLimits.mediaDuration90k)
            ?? outside("frames", frames, of: SegmentLimits.frames)
            ?? outside("width", width, of: SegmentLimits.pixels)
            ?? outside("height", height, of: SegmentLimits.pixels)
    }
}

extension SegmentEnd {
    /// The reason to refuse an end that came from outside, or nil if there is none.
    package var problem: String? {
        outside("duration_ms", durationMilliseconds, of: SegmentLimits.durationMilliseconds)
    }
}

private func outside<Number: BinaryInteger>(
    _ name: String,
    _ number: Number,
    of range: ClosedRange<Number>
) -> String? {
    range.contains(number) ? nil : "\(name) is \(number), not \(range.lowerBound) to \(range.upperBound)"
}
