extension Segment {
    /// The reason to refuse a segment that came from outside, or nil if there is none.
    ///
    /// Decoding has checked the types; this checks what would do harm: a key that leaves its place, a malformed hash.
    package var problem: String? {
        func isHash(_ text: String) -> Bool {
            text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
        if header.cameraID.rawValue < 1 { return "camera_id is not positive" }
        if media.bytes < 1 { return "bytes is not positive" }
        if !isHash(media.sha256) { return "sha256 is not 64 hex digits" }
        if !isHash(media.initSHA256) { return "init_sha256 is not 64 hex digits" }
        if end.durationMilliseconds < 0 { return "duration_ms is negative" }
        if media.initBytes < 0 || media.initBytes > media.bytes { return "init_bytes is out of range" }
        if !ObjectKey.isSafe(header.objectKey) { return "object_key is not a safe key" }
        let suffix = ObjectKey.suffix(stream: header.stream, epoch: header.epoch, id: id)
        if !header.objectKey.hasSuffix(suffix) { return "object_key does not end with \(suffix)" }
        return nil
    }
}
