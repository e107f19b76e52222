import MP4

/// Turns the packets of one connection (a run) into segments of fragmented MP4.
///
/// Every packet from the first key frame on goes to exactly one segment; the media time is continuous over the run.
/// A frame is held back until the next one comes, because only then its duration is known. Used by one thread.
public final class Segmenter {
    /// The output, in order: a segment begins, gets fragments, ends.
    public enum Output: Sendable {
        /// A segment begins with this init section.
        case began(Begin)
        /// The next bytes of the segment.
        case fragment(Fragment)
        /// The segment is complete.
        case ended(End)
        /// A frame that can be decoded alone, because `wantsSnapshot` was set.
        case keyFrame(KeyFrame)
    }

    /// The beginning of a segment.
    public struct Begin: Sendable {
        /// Counts from 0 in the run.
        public var sequence: Int
        /// Its init section.
        public var initSection: MediaBytes
        /// Decode time of its first frame, in 1/90000 s.
        public var mediaStart90k: Int64
        /// UTC of its first frame, in microseconds since 1970, as far as known by now.
        public var startedAt: Int64
        /// RFC 6381 names, video first.
        public var codecs: String
        /// The tracks it holds.
        public var streams: StreamDescription
    }

    /// A part of a segment that stands by itself: index and media.
    public struct Fragment: Sendable {
        /// Its bytes.
        public var bytes: MediaBytes
        /// Frames in it.
        public var frames: Int
        /// Where its last frame ends, in 1/90000 s.
        public var mediaEnd90k: Int64
        /// UTC of the segment's first frame, by what is known now.
        public var startedAt: Int64
    }

    /// The end of a segment.
    public struct End: Sendable {
        /// The reason for its end.
        public var reason: EndReason
        /// Remarks on how it came about.
        public var flags: Set<Flag>
        /// UTC of its first frame, in microseconds since 1970.
        public var startedAt: Int64
    }

    /// A remark on a segment.
    public enum Flag: Hashable, Sendable {
        /// The media time follows the arrival of packets.
        case clockArrival
        /// The media time was joined across a jump of the stream's clock.
        case clockJoined
        /// Timestamps that did not increase were moved.
        case timestampsNudged
        /// The first frame is a recovery point and no IDR frame.
        case recoveryStart
        /// The audio could not be carried on.
        case audioDropped
        /// The wall clock stepped against media time.
        case wallStep
    }

    /// Reasons for the end of a segment.
    public enum EndReason: Hashable, Sendable {
        /// The cutter's own decision.
        case cut(CutPolicy.Reason)
        /// The recording was stopped.
        case stopped
        /// The stream was lost.
        case lost
    }

    /// Decode time at which every run begins; earlier audio and negative offsets find room before it.
    public static let origin90k: Int64 = 90_000
    private static let fragmentLength: Int64 = 90_000
    /// The first fragment of a run is short, so that it is soon known that the camera is recorded.
    private static let firstFragmentLength: Int64 = 22_500
    private static let fragmentBytesLimit = 4 << 20
    private static let fragmentSamplesLimit = 1000
    /// How long a frame may last, in 1/90000 s: as long as a source may be silent.
    private static let frameLimit: Int64 = 10 * 90_000
    /// The longest segment, in 1/90000 s, and the largest, in bytes.
    ///
    /// Only a stream without key frames gets there. It is opened again, because a connection begins with one.
    private static let segmentLengthLimit: Int64 = 3600 * 90_000 - frameLimit
    private static let segmentBytesLimit = 3 << 30
    /// How long a frame that can begin a recording is waited for, in nanoseconds: a little longer than it takes until
    /// recovery points count as such.
    private static let keyFrameLimit: Int64 = 40_000_000_000

    /// Set to capture the next IDR frame; resets after one frame.
    public var wantsSnapshot = false
    /// Frames received so far.
    public private(set) var frames = 0
    /// Repairs of the video's timestamps.
    public var timeline: Timeline { video }

    private var streams: StreamDescription
    private let emit: (Output) -> Void
    private var cutPolicy: CutPolicy
    private var video: Timeline
    private var audio: AudioAligner?
    private var wall = WallClock()
    private var parameters: ParameterWatch
    private var writer: SegmentMuxer?
    private var pending = PendingFrame()
    private var sequence = 0
    private var segment = SegmentProgress()
    private var firstArrival: Int64?
    private var waitingSince: Int64?
    private var isReordered = false

    /// Creates a cutter.
    ///
    /// - Parameters:
    ///   - streams: What the source said.
    ///   - seconds: The wanted length of a segment.
    ///   - firstSeconds: The wanted length of the first one.
    ///   - emit: Takes what comes out; called on the caller's thread, within `take` and `end`.
    public init(
        _ streams: StreamDescription,
        seconds: Double,
        firstSeconds: Double? = nil,
        emit: @escaping (Output) -> Void
    ) {
        self.streams = streams
        self.emit = emit
        cutPolicy = CutPolicy(seconds: seconds, firstSeconds: firstSeconds)
        let rate = streams.video.framesPerSecond
        video = Timeline(
            ticksPerSecond: 90_000,
            origin: Segmenter.origin90k,
            nominalDuration: rate > 0.001 ? Int64(90_000 / rate) : 0,
            clock: streams.video.hasTimestamp ? .source : .arrival
        )
        audio = streams.audio.map { AudioAligner(rate: Int64($0.sampleRate)) }
        parameters = ParameterWatch(streams.video)
    }

    /// Takes the next packet.
    ///
    /// - Parameters:
    ///   - packet: As it came.
    ///   - arrival: When, in nanoseconds of a monotonic clock.
    ///   - wallClock: When, in microseconds since 1970.
    /// - Throws: `badStream` when the stream cannot go on in this run.
    public func take(_ packet: MediaPacket, arrival: Int64, wallClock: Int64) throws(MediaError) {
        switch packet.track {
        case .video: try takeVideo(packet, arrival: arrival, wallClock: wallClock)
        case .audio: takeAudio(packet, arrival: arrival)
        }
    }

    /// Ends the present segment, if there is one, and writes what is left of it.
    ///
    /// The next IDR frame begins another.
    public func end(_ reason: EndReason) throws(MediaError) {
        defer {
            writer = nil
            pending.clear()
        }
        guard writer != nil else { return }
        try writePending(until: nil)
        try endFragment()
        emitEnd(reason)
    }

    /// Forgets the present segment without writing what is left; the next IDR frame begins another.
    public func abandon() {
        writer = nil
        pending.clear()
    }

    // MARK: Video

    private func takeVideo(_ packet: MediaPacket, arrival: Int64, wallClock: Int64) throws(MediaError) {
        let begun = firstArrival ?? arrival
        firstArrival = begun
        var facts =
            packet.isKey
            ? NALUnits.inspect(packet.bytes, codec: streams.video.codec, framing: parameters.framing)
            : KeyPacketFacts(kind: .dependent)
        // What follows a clean frame looks back only where frames are shown in another order than they come.
        if facts.isClean, !isReordered { facts.kind = .idr }
        try parameters.checkSide(packet.newParameters)
        if writer == nil {
            guard cutPolicy.canBegin(with: facts.kind, waited: Double(arrival &- begun) / 1_000_000_000) else {
                return try awaitKeyFrame(arrival)
            }
            waitingSince = nil
        }
        let timestamp = video.place(
            decode: packet.decodeTime,
            presentation: packet.presentationTime,
            duration: packet.duration,
            arrival: arrival
        )
        wall.observe(media90k: timestamp.decode, arrival: wallClock)
        if timestamp.isRejoined { segment.isJoined = true }
        if timestamp.presentation != timestamp.decode { isReordered = true }
        let changes = packet.isKey && parameters.changes(with: facts)
        if writer == nil {
            try begin(at: timestamp, facts, packet)
        } else {
            try writePending(until: timestamp.decode)
            try cutOrFlush(timestamp, facts, packet, changesParameters: changes)
        }
        pending.store(packet.bytes, timestamp: timestamp, isKey: packet.isKey && facts.kind != .dependent)
        frames += 1
        if wantsSnapshot, facts.kind == .idr {
            wantsSnapshot = false
            let track = streams.video
            emit(.keyFrame(KeyFrame(codec: track.codec, parameters: track.parameters, bytes: Array(packet.bytes))))
        }
    }

    /// Without a frame to begin with nothing is recorded, so that must not last.
    private func awaitKeyFrame(_ arrival: Int64) throws(MediaError) {
        let since = waitingSince ?? arrival
        waitingSince = since
        guard arrival &- since <= Segmenter.keyFrameLimit else {
            throw MediaError(.badStream, "the camera sent no key frame for 40 s, so that nothing can be recorded")
        }
    }

    private func cutOrFlush(
        _ timestamp: Timeline.FrameTime,
        _ facts: KeyPacketFacts,
        _ packet: MediaPacket,
        changesParameters: Bool
    ) throws(MediaError) {
        let frame = CutPolicy.Frame(
            decode: timestamp.decode,
            kind: facts.kind,
            changesParameters: changesParameters,
            clockJumped: segment.isJoined && !timestamp.isRejoined,
            segmentBytes: segment.bytes,
            duration: video.nominalDuration
        )
        if case .cut(let reason) = cutPolicy.decide(frame) {
            try endFragment()
            emitEnd(.cut(reason))
            try begin(at: timestamp, facts, packet)
            return
        }
        guard let writer else { return }
        guard timestamp.decode - segment.start < Self.segmentLengthLimit, segment.bytes < Self.segmentBytesLimit else {
            throw MediaError(.badStream, "the camera sent no key frame in a whole hour; connecting again")
        }
        let elapsed = timestamp.decode - segment.fragmentStart
        let isFirst = sequence == 1 && segment.fragmentStart == segment.start
        let length = isFirst ? Segmenter.firstFragmentLength : Segmenter.fragmentLength
        let isGroupStart = facts.kind != .dependent && segment.hasDependent
        if isGroupStart || elapsed >= length - video.nominalDuration / 2
            || writer.fragmentBytes >= Segmenter.fragmentBytesLimit
            || writer.fragmentSamples >= Segmenter.fragmentSamplesLimit
        {
            try endFragment()
        }
        if facts.kind == .dependent { segment.hasDependent = true }
    }

    private func begin(
        at timestamp: Timeline.FrameTime,
        _ facts: KeyPacketFacts,
        _ packet: MediaPacket
    ) throws(MediaError) {
        if parameters.adopt(facts, into: &streams.video, bytes: packet.bytes) { segment.codecs = nil }
        let made = try SegmentMuxer(streams)
        let initSection = try made.begin()
        let codecs = segment.codecs ?? Segmenter.codecs(of: initSection)
        writer = made
        segment = SegmentProgress(start: timestamp.decode, codecs: codecs)
        segment.isRecoveryStart = facts.kind != .idr
        segment.bytes = initSection.count
        segment.nudgedBefore = video.nudged
        segment.wallSteps = wall.steps
        cutPolicy.began(at: timestamp.decode, with: facts.kind)
        emit(
            .began(
                Begin(
                    sequence: sequence,
                    initSection: initSection,
                    mediaStart90k: timestamp.decode,
                    startedAt: wall.time(media90k: timestamp.decode) ?? 0,
                    codecs: codecs,
                    streams: streams
                )
            )
        )
        sequence += 1
    }

    /// Writes the frame that was held back; it lasts until `next`.
    private func writePending(until next: Int64?) throws(MediaError) {
        guard let writer, let timestamp = pending.timestamp else { return }
        let duration = next.map { min(max($0 - timestamp.decode, 1), Segmenter.frameLimit) } ?? video.nominalDuration
        try writer.write(
            .video,
            timestamp: timestamp,
            duration: duration,
            isKey: pending.isKey,
            wallClock: wall.time(media90k: timestamp.decode) ?? 0,
            bytes: pending.bytes
        )
        segment.fragmentFrames += 1
        segment.end = timestamp.decode + duration
        segment.bytes += pending.bytes.count
        pending.clear()
    }

    private func endFragment() throws(MediaError) {
        guard let writer else { return }
        let frames = segment.fragmentFrames
        segment.fragmentFrames = 0
        segment.fragmentStart = segment.end
        guard let bytes = try writer.endFragment() else { return }
        let startedAt = wall.time(media90k: segment.start) ?? 0
        emit(.fragment(Fragment(bytes: bytes, frames: frames, mediaEnd90k: segment.end, startedAt: startedAt)))
    }

    private func emitEnd(_ reason: EndReason) {
        var flags: Set<Flag> = []
        if segment.isJoined { flags.insert(.clockJoined) }
        if video.clock == .arrival { flags.insert(.clockArrival) }
        if video.nudged > segment.nudgedBefore { flags.insert(.timestampsNudged) }
        if segment.isRecoveryStart { flags.insert(.recoveryStart) }
        if audio?.isBroken == true { flags.insert(.audioDropped) }
        if wall.steps > segment.wallSteps { flags.insert(.wallStep) }
        emit(.ended(End(reason: reason, flags: flags, startedAt: wall.time(media90k: segment.start) ?? 0)))
    }

    // MARK: Audio

    /// Audio can never stop the video: what does not fit is left out.
    private func takeAudio(_ packet: MediaPacket, arrival: Int64) {
        guard let writer, audio?.isBroken == false else { return }
        guard let timestamp = audio?.place(packet, arrival: arrival, video: video, segmentStart90k: segment.start)
        else {
            return
        }
        do {
            try writer.write(
                .audio,
                timestamp: timestamp,
                duration: packet.duration > 0 ? packet.duration : Int64(streams.audio?.frameSamples ?? 0),
                isKey: true,
                wallClock: 0,
                bytes: packet.bytes
            )
            segment.bytes += packet.bytes.count
        } catch {
            audio?.isBroken = true
        }
    }

    private static func codecs(of initSection: MediaBytes) -> String {
        initSection.withUnsafeBytes { (try? FragmentedMP4.inspect(bytes: Array($0)))?.codecs ?? "" }
    }
}
