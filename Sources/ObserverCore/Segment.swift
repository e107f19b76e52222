import Encodings
/// Why a segment ended where it did.
package enum SegmentEnd: String, Codable, Sendable, CaseIterable {
    /// It had its length.
    case duration
    /// The video's size or the codec's parameters changed.
    case parameters
    /// It grew too large without a key frame.
    case oversize
    /// The stream's clock jumped.
    case clock
    /// The camera was switched off or changed, or the recorder ended in order.
    case stopped
    /// The stream was lost.
    case lost
    /// The recorder died; what was on the disk was repaired.
    case recovered
}

/// What became of a segment's bytes.
package enum SegmentState: String, Codable, Sendable, CaseIterable {
    /// On the recorder's disk, on its way to S3.
    case spooled
    /// In S3, confirmed.
    case stored
    /// Refused by S3 three times; the file is kept.
    case failed
    /// Deleted as its retention said.
    case expired
    /// Gone, for the reason in its error.
    case lost
}

/// A recorded stretch of video: one file, playable alone.
///
/// The same JSON is the sidecar in the spool and the body of the message to the uploader, and its fields are the
/// columns of the row. Made once, by the recorder that recorded it, and never changed.
package struct Segment: Codable, Hashable, Sendable {
    /// The version of this format.
    package static let formatVersion = 1

    package var version: Int
    package var id: SegmentID
    package var cameraID: CameraID
    /// The fencing token of the assignment under which it was recorded.
    package var epoch: Int64
    /// The connection: inside one, media time is continuous.
    package var run: RunID
    /// Its number within the run, from 0.
    package var sequence: Int
    package var spoolID: SpoolID
    package var recorder: String
    package var startedAt: Timestamp
    package var durationMilliseconds: Int64
    package var bytes: Int64
    /// In lower-case hex.
    package var sha256: String
    /// The length of the initialization section (`ftyp` and `moov`).
    package var initBytes: Int64
    /// In lower-case hex; equal within a run.
    package var initSHA256: String
    /// `tfdt` of the first fragment, in 1/90000 s.
    package var mediaStart90k: Int64
    package var mediaDuration90k: Int64
    /// Video frames.
    package var frames: Int
    /// As in RFC 6381: `avc1.64001f,mp4a.40.2`.
    package var codecs: String
    package var width: Int
    package var height: Int
    package var hasAudio: Bool
    package var endReason: SegmentEnd
    /// What a player or a person should know: `recovered`, `long_gop`, `arrival_clock`, `audio_dropped`.
    package var flags: [String]
    package var objectKey: String

    private enum CodingKeys: String, CodingKey {
        case version = "v"
        case id
        case cameraID = "camera_id"
        case epoch, run, sequence, recorder
        case spoolID = "spool_id"
        case startedAt = "started_at"
        case durationMilliseconds = "duration_ms"
        case bytes, sha256
        case initBytes = "init_bytes"
        case initSHA256 = "init_sha256"
        case mediaStart90k = "media_start_90k"
        case mediaDuration90k = "media_duration_90k"
        case frames, codecs, width, height
        case hasAudio = "has_audio"
        case endReason = "end_reason"
        case flags
        case objectKey = "object_key"
    }

    package init(
        id: SegmentID,
        cameraID: CameraID,
        epoch: Int64,
        run: RunID,
        sequence: Int,
        spoolID: SpoolID,
        recorder: String,
        startedAt: Timestamp,
        durationMilliseconds: Int64,
        bytes: Int64,
        sha256: String,
        initBytes: Int64,
        initSHA256: String,
        mediaStart90k: Int64,
        mediaDuration90k: Int64,
        frames: Int,
        codecs: String,
        width: Int,
        height: Int,
        hasAudio: Bool,
        endReason: SegmentEnd,
        flags: [String],
        objectKey: String
    ) {
        version = Self.formatVersion
        self.id = id
        self.cameraID = cameraID
        self.epoch = epoch
        self.run = run
        self.sequence = sequence
        self.spoolID = spoolID
        self.recorder = recorder
        self.startedAt = startedAt
        self.durationMilliseconds = durationMilliseconds
        self.bytes = bytes
        self.sha256 = sha256
        self.initBytes = initBytes
        self.initSHA256 = initSHA256
        self.mediaStart90k = mediaStart90k
        self.mediaDuration90k = mediaDuration90k
        self.frames = frames
        self.codecs = codecs
        self.width = width
        self.height = height
        self.hasAudio = hasAudio
        self.endReason = endReason
        self.flags = flags
        self.objectKey = objectKey
    }

    /// The end of the segment in wall time.
    package var endedAt: Timestamp {
        startedAt.advanced(byMilliseconds: durationMilliseconds)
    }
}

extension Segment {
    /// What is wrong with a segment that came from outside, or nil if nothing is.
    ///
    /// Decoding has checked the types; this checks what would do harm: a key that leaves its place, a hash that is none.
    package var problem: String? {
        func isHash(_ text: String) -> Bool {
            text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
        if version != Self.formatVersion { return "v is \(version), this program reads \(Self.formatVersion)" }
        if cameraID.rawValue < 1 { return "camera_id is not positive" }
        if bytes < 1 { return "bytes is not positive" }
        if !isHash(sha256) { return "sha256 is not 64 hex digits" }
        if !isHash(initSHA256) { return "init_sha256 is not 64 hex digits" }
        if durationMilliseconds < 0 { return "duration_ms is negative" }
        if initBytes < 0 || initBytes > bytes { return "init_bytes is out of range" }
        if !ObjectKey.isSafe(objectKey) { return "object_key is not a safe key" }
        if !objectKey.hasSuffix("\(id).mp4") { return "object_key does not end with the id" }
        return nil
    }
}

/// The names of segments in S3.
package enum ObjectKey {
    /// `<prefix>/<camera>/<yyyy>/<mm>/<dd>/<HH>/<start in ms>-<epoch>-<id>.mp4`, in UTC; unique by the identifier alone.
    package static func make(prefix: String, camera: CameraID, start: Timestamp, epoch: Int64, id: SegmentID) -> String
    {
        let date = start.date
        var path: [UInt8] = Array("\(prefix)/\(camera)/".utf8)
        path.appendDecimal(min(max(date.year, 0), 9999), width: 4)
        for part in [date.month, date.day, date.hour] {
            path.append(UInt8(ascii: "/"))
            path.appendDecimal(part, width: 2)
        }
        path.append(contentsOf: "/\(start.milliseconds)-\(epoch)-\(id).mp4".utf8)
        return String(decoding: path, as: UTF8.self)
    }

    /// Whether a key has only letters, digits, `.`, `_`, `-` and single slashes between non-empty parts, none of them dots.
    package static func isSafe(_ key: String) -> Bool {
        guard !key.isEmpty, key.utf8.count <= 512 else { return false }
        return key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case 45, 46, 48...57, 65...90, 95, 97...122: true
                    default: false
                    }
                }
        }
    }
}
