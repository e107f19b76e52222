/// The file of a segment: its bytes and what they hold.
///
/// It grows with the segment: the format is known first, then frames come, and the hash is known at the end.
package struct SegmentMedia: Codable, Hashable, Sendable {
    package var bytes: Int64 = 0
    /// In lower-case hex.
    package var sha256 = ""
    /// The length of the init section (`ftyp` and `moov`).
    package var initBytes: Int64 = 0
    /// In lower-case hex; equal within a run.
    package var initSHA256 = ""
    /// `tfdt` of the first fragment, in 1/90000 s.
    package var start90k: Int64 = 0
    package var duration90k: Int64 = 0
    /// Video frames.
    package var frames = 0
    /// As in RFC 6381: `avc1.64001f,mp4a.40.2`.
    package var codecs: String
    package var width: Int
    package var height: Int
    package var hasAudio: Bool

    private enum CodingKeys: String, CodingKey {
        case bytes, sha256
        case initBytes = "init_bytes"
        case initSHA256 = "init_sha256"
        case start90k = "media_start_90k"
        case duration90k = "media_duration_90k"
        case frames, codecs, width, height
        case hasAudio = "has_audio"
    }

    package init(codecs: String, width: Int, height: Int, hasAudio: Bool) {
        self.codecs = codecs
        self.width = width
        self.height = height
        self.hasAudio = hasAudio
    }

    /// The length in media time, to the nearest millisecond.
    package var durationMilliseconds: Int64 { duration90k.addingSaturated(45) / 90 }
}
