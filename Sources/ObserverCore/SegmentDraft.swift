/// What is known of a segment when its file is begun: enough to finish it if the recorder dies.
package struct SegmentDraft: Codable, Hashable, Sendable {
    package var id: SegmentID
    package var cameraID: CameraID
    package var epoch: Int64
    package var run: RunID
    package var sequence: Int
    package var spoolID: SpoolID
    package var recorder: String
    package var startedAt: Timestamp
    package var objectKey: String

    private enum CodingKeys: String, CodingKey {
        case id
        case cameraID = "camera_id"
        case epoch, run, sequence, recorder
        case spoolID = "spool_id"
        case startedAt = "started_at"
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
        objectKey: String
    ) {
        self.id = id
        self.cameraID = cameraID
        self.epoch = epoch
        self.run = run
        self.sequence = sequence
        self.spoolID = spoolID
        self.recorder = recorder
        self.startedAt = startedAt
        self.objectKey = objectKey
    }
}

/// What is known of a segment's file when it is finished.
package struct SegmentMeasure: Hashable, Sendable {
    package var bytes: Int64
    package var sha256: String
    package var initBytes: Int64
    package var initSHA256: String
    package var mediaStart90k: Int64
    package var mediaDuration90k: Int64
    package var frames: Int
    package var codecs: String
    package var width: Int
    package var height: Int
    package var hasAudio: Bool

    package init(
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
        hasAudio: Bool
    ) {
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
    }
}

extension Segment {
    /// A finished segment.
    ///
    /// - Parameters:
    ///   - draft: What was known at its beginning.
    ///   - measure: What its file is.
    ///   - durationMilliseconds: Its length in wall time; by default that of its media.
    ///   - endReason: Why it ended.
    ///   - flags: What is worth knowing about it.
    package init(
        _ draft: SegmentDraft,
        _ measure: SegmentMeasure,
        durationMilliseconds: Int64? = nil,
        endReason: SegmentEnd,
        flags: [String]
    ) {
        self.init(
            id: draft.id,
            cameraID: draft.cameraID,
            epoch: draft.epoch,
            run: draft.run,
            sequence: draft.sequence,
            spoolID: draft.spoolID,
            recorder: draft.recorder,
            startedAt: draft.startedAt,
            durationMilliseconds: durationMilliseconds ?? (measure.mediaDuration90k + 45) / 90,
            bytes: measure.bytes,
            sha256: measure.sha256,
            initBytes: measure.initBytes,
            initSHA256: measure.initSHA256,
            mediaStart90k: measure.mediaStart90k,
            mediaDuration90k: measure.mediaDuration90k,
            frames: measure.frames,
            codecs: measure.codecs,
            width: measure.width,
            height: measure.height,
            hasAudio: measure.hasAudio,
            endReason: endReason,
            flags: flags,
            objectKey: draft.objectKey
        )
    }
}
