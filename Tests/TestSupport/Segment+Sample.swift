package import ObserverCore

extension Segment {
    /// Creates a segment that every check accepts.
    ///
    /// - Parameters:
    ///   - camera: Its camera.
    ///   - kind: Which of the camera's streams it is of.
    ///   - start: The time of its first frame, which is in its identifier and its key as well.
    ///   - epoch: The fencing token under which it was recorded.
    ///   - sequence: The position in its run.
    ///   - origin: Its recorder and spool; by default a spool that no other segment has.
    ///   - milliseconds: Its length.
    ///   - prefix: The beginning of its key.
    /// - Returns: The segment, with an identifier, a run and a hash of its own.
    package static func sample(
        of camera: CameraID = CameraID(rawValue: 7),
        _ kind: StreamKind = .main,
        at start: Timestamp = SegmentHeader.sampleStart,
        epoch: Int64 = 3,
        sequence: Int = 0,
        origin: SegmentOrigin = SegmentOrigin(recorder: "node-a", spoolID: .makeRandom()),
        milliseconds: Int64 = 10_000,
        prefix: String = "observer"
    ) -> Segment {
        let header = SegmentHeader(
            beginning: StreamID(camera, kind),
            at: start,
            epoch: epoch,
            run: .makeRandom(),
            sequence: sequence,
            origin: origin,
            keyPrefix: prefix
        )
        var media = SegmentMedia(codecs: "avc1.64001f", width: 1920, height: 1080, hasAudio: false)
        media.bytes = 2_500_000
        media.sha256 = String(repeating: header.id.description.filter { $0 != "-" }, count: 2)
        media.initBytes = 800
        media.initSHA256 = String(repeating: "cd", count: 32)
        media.duration90k = milliseconds * 90
        media.frames = Int(milliseconds / 40)
        return Segment(header: header, media: media, end: SegmentEnd(.duration, durationMilliseconds: milliseconds))
    }
}

extension SegmentHeader {
    /// 2026-11-23T20:01:02.123Z.
    package static let sampleStart = Timestamp(milliseconds: 1_795_464_062_123)
}
