import Encodings
import MP4

/// Turns the packets of one connection (a run) into segments of fragmented MP4.
///
/// Puts the values together that decide: `Timeline` and `DecodeOrder` about times, `Fragmenter` and `Segmenter` about cuts.
/// Every frame from the first key frame on goes to exactly one segment; the media time is continuous over the run. Used by
/// one thread.
public final class RunSegmenter {
    /// Decode time at which every run begins; earlier audio finds room before it.
    public static let origin90k: Int64 = 90_000

    /// Frames received so far.
    public internal(set) var frames = 0
    /// True if a segment is being written.
    var isRecording = false
    /// Repairs of the video's timestamps.
    public var timeline: Timeline { video }

    /// True while the source's clock is known and leads on, so that little hangs on when its frames come.
    var followsSteadySource: Bool { video.isSteady }

    /// The tracks as they stand now.
    public internal(set) var streams: StreamDescription
    let emit: (Output) -> Void
    private var segmenter: Segmenter
    // Each frame goes through these; they are values of one owner, on one thread, and `emit` and `move` reach none of them.
    @exclusivity(unchecked) var fragmenter: Fragmenter
    @exclusivity(unchecked) var configuration: VideoConfiguration
    @exclusivity(unchecked) private var order: DecodeOrder?
    @exclusivity(unchecked) var video: Timeline
    var audio: AudioAligner?
    private var wall = WallClock()
    private var sequence = 0
    @exclusivity(unchecked) var segment = SegmentProgress()
    private var head: (video: VideoFormat, section: InitSection, bytes: MediaBytes)?
    private var keyFrameWait = KeyFrameWait()
    var isReordered = false
    /// True while the present fragment has frames whose time may still change.
    private var isHolding = false
    /// Moves the bytes of samples that are not complete to another buffer, where frames are assembled in the fragmenter's.
    var move: (_ old: ByteBuffer, _ new: ByteBuffer) -> Void = { (_, _) in }
    /// The frame that is being assembled.
    var assembling: Fragmenter.Frame?
    /// Puts frames together for those who watch; nil while nobody does.
    @exclusivity(unchecked) var parts: FramePartBuilder?
    /// When the last piece of audio came, in nanoseconds of the clock of the arrivals.
    public internal(set) var audioArrival: Int64?
    /// Called when frames that were handed out have got other times.
    public var onMove: () -> Void = {}

    /// Creates a segmenter at the beginning of a run.
    ///
    /// - Parameters:
    ///   - streams: What the source said.
    ///   - seconds: The wanted length of a segment.
    ///   - firstSeconds: The wanted length of the first one.
    ///   - pool: The memory of fragments.
    ///   - emit: Takes what comes out; called on the caller's thread, within `take` and `end`.
    public init(
        _ streams: StreamDescription,
        seconds: Double,
        firstSeconds: Double? = nil,
        pool: FragmentPool = FragmentPool(),
        emit: @escaping (Output) -> Void
    ) {
        fragmenter = Fragmenter(pool: pool)
        self.streams = streams
        self.emit = emit
        segmenter = Segmenter(seconds: seconds, firstSeconds: firstSeconds)
        let rate = streams.video.framesPerSecond
        video = Timeline(
            ticksPerSecond: 90_000,
            origin: Self.origin90k,
            nominalDuration: rate > 0.001 ? Int64(90_000 / rate) : 0,
            clock: streams.video.hasTimestamp ? .source : .arrival
        )
        audio = streams.audio.map { AudioAligner(rate: Int64($0.sampleRate)) }
        configuration = VideoConfiguration(streams.video)
    }

    deinit {
        fragmenter.release()
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

    /// Ends the present segment, if there is one, with what is left of it.
    ///
    /// The next IDR frame begins another.
    public func end(_ reason: EndReason) {
        guard isRecording else { return }
        endFragment(until: nil)
        emitEnd(reason)
        abandon()
    }

    /// Forgets the present segment without what is left of it; the next IDR frame begins another.
    public func abandon() {
        isRecording = false
        isHolding = false
        fragmenter.abandon(moving: move)
    }

    // MARK: Video

    private func takeVideo(_ packet: MediaPacket, arrival: Int64, wallClock: Int64) throws(MediaError) {
        var facts =
            packet.isKey
            ? NALUnits.inspect(packet.bytes, codec: streams.video.codec, framing: configuration.framing)
            : KeyPacketFacts(kind: .dependent)
        // What follows a clean frame looks back only where frames are shown in another order than they come.
        if facts.isClean, !isReordered { facts.kind = .idr }
        try configuration.take(beside: packet.newParameters)
        configuration.take(facts.sets)
        let time = SourceTime(packet, arrival: arrival, wallClock: wallClock)
        guard let frame = try begin(facts.kind, at: time) else { return }
        try store(packet, as: frame)
        frames += 1
    }

    /// The times of a frame as its source has them.
    struct SourceTime {
        /// In 1/90000 s.
        var decode: Int64?
        /// In 1/90000 s.
        var presentation: Int64?
        /// In 1/90000 s; 0 where it is not known.
        var duration: Int64 = 0
        /// In nanoseconds of a monotonic clock.
        var arrival: Int64
        /// In microseconds since 1970.
        var wallClock: Int64
    }

    /// Gives the next frame its place in time, and ends the fragment or the segment before it where one of them is due.
    ///
    /// - Returns: The frame; nil while none has come that a recording can begin with.
    func begin(_ kind: FrameKind, at time: SourceTime) throws(MediaError) -> Fragmenter.Frame? {
        let waited = keyFrameWait.seconds(at: time.arrival)
        if !isRecording {
            guard segmenter.canBegin(with: kind, waited: waited), configuration.present != nil else {
                try keyFrameWait.goOn(at: time.arrival)
                return nil
            }
            keyFrameWait.end()
        }
        let timestamp = place(time)
        guard !video.isAheadOfTime else {
            throw MediaError(
                .badStream,
                "the camera sends video faster than time passes, a minute too much already; restart it, or set its frame rate"
            )
        }
        wall.observe(time.wallClock, at: time.arrival)
        if timestamp.isRejoined { segment.isJoined = true }
        if timestamp.isAfterHole { segment.hasHole = true }
        if timestamp.moved > 0, isHolding { try moveDoubtful(by: timestamp.moved, arrival: time.arrival) }
        if timestamp.presentation != timestamp.decode { isReordered = true }
        let frame = Fragmenter.Frame(
            decode: timestamp.decode,
            presentation: timestamp.presentation,
            duration: video.nominalDuration,
            kind: kind
        )
        try cut(before: frame, at: timestamp, arrival: time.arrival)
        return frame
    }

    /// True once frames have come for more than three seconds without one that a recording can begin with.
    public var isShortOfKeyFrames: Bool { keyFrameWait.isLong }

    private func place(_ time: SourceTime) -> Timeline.FrameTime {
        var decode = time.decode
        if let presentation = time.presentation.flatMap(MediaPacket.bounded) {
            if order == nil, video.sourceOffset == nil, decode == nil { beginOrder(presentation) }
            decode = order?.decodeTime(presentation: presentation, duration: video.sourceDuration) ?? decode
        }
        return video.place(
            decode: decode,
            presentation: time.presentation,
            duration: time.duration,
            arrival: time.arrival
        )
    }

    /// From now on decode times are found here: a source that leaves out the first invents some that follow as well.
    ///
    /// Over RTP libavformat leaves out all times of the first frame, from which it counts: its presentation time is zero.
    private func beginOrder(_ presentation: Int64) {
        let duration = video.sourceDuration
        let depth = configuration.present?.reorderedFrames ?? streams.video.reorderedFrames
        var made = DecodeOrder(depth: depth)
        if video.latest != nil {
            let first = 1...(Int64(depth + 1) * 4 * duration) ~= presentation ? 0 : presentation - duration
            video.nameFirst(decode: made.decodeTime(presentation: first, duration: duration), presentation: first)
        }
        order = made
    }

    /// Ends the fragment or the segment before a frame, where one of them is due, and begins the next.
    private func cut(
        before frame: Fragmenter.Frame,
        at time: Timeline.FrameTime,
        arrival: Int64
    ) throws(MediaError) {
        var facts = Segmenter.Frame(
            decode: frame.decode,
            arrival: arrival,
            kind: frame.kind,
            changesParameters: isRecording && frame.kind != .dependent && configuration.hasChanged,
            clockJumped: (segment.isJoined || segment.hasHole) && !time.isRejoined && !time.isAfterHole,
            segmentBytes: segment.bytes + fragmenter.bytes,
            duration: frame.duration
        )
        facts.isAfterHole = time.isAfterHole
        facts.time = video.knowledge
        guard isRecording else { return try beginSegment(facts) }
        // The frame before a hole lasts no longer than others.
        if time.isAfterHole { endFragment(until: nil) }
        guard !holds(before: frame, at: time) else { return }
        if case .cut(let reason) = segmenter.decide(facts) {
            endFragment(until: frame.decode)
            emitEnd(.cut(reason))
            try beginSegment(facts)
        } else if fragmenter.isDue(before: frame) {
            endFragment(until: frame.decode)
        }
    }

    /// Keeps doubtful frames in a fragment of their own until it is known where they belong.
    ///
    /// - Returns: True if the fragment must not end before this frame.
    private func holds(before frame: Fragmenter.Frame, at time: Timeline.FrameTime) -> Bool {
        guard time.isDoubtful, isHolding || !fragmenter.isFull else {
            isHolding = false
            return false
        }
        if isHolding {
            isHolding = !fragmenter.isFull
            return isHolding
        }
        endFragment(until: frame.decode)
        isHolding = true
        return true
    }

    /// Moves the frames since a silence that the source's clock did not count; a segment of its own begins with them.
    private func moveDoubtful(by ticks: Int64, arrival: Int64) throws(MediaError) {
        fragmenter.move(by: ticks)
        if parts != nil, ticks != 0, !fragmenter.isEmpty { onMove() }
        guard let start = fragmenter.start90k, ticks > max(3 * video.nominalDuration, 2 * 90_000) else { return }
        segment.hasHole = true
        var first = Segmenter.Frame(decode: start, arrival: arrival, kind: fragmenter.kind)
        first.isAfterHole = true
        guard case .cut(let reason) = segmenter.decide(first) else { return }
        emitEnd(.cut(reason))
        try beginSegment(first)
    }

    private func beginSegment(_ frame: Segmenter.Frame) throws(MediaError) {
        guard let format = configuration.beginSegment() else {
            throw MediaError(.badStream, "MP4 cannot hold this stream")
        }
        streams.video = configuration.track
        let head = head(of: format)
        segmenter.began(with: frame)
        segment = SegmentProgress(start: frame.decode, end: frame.decode, bytes: head.bytes.count)
        segment.isRecoveryStart = frame.kind == .recovery
        segment.isDependent = frame.kind == .dependent
        segment.nudgedBefore = video.nudged
        segment.wallSteps = wall.steps
        isRecording = true
        emit(
            .began(
                Begin(
                    sequence: sequence,
                    initSection: head.bytes,
                    mediaStart90k: frame.decode,
                    capturedAt: video.capturedByNow(frame.decode) ?? 0,
                    codecs: head.section.codecs,
                    decoderParameters: format.decoderParameters,
                    streams: streams
                )
            )
        )
        sequence += 1
    }

    /// The init section of a format; segments in a row share it.
    private func head(of format: VideoFormat) -> (section: InitSection, bytes: MediaBytes) {
        if let head, head.video == format { return (head.section, head.bytes) }
        let section = InitSection(video: format, audio: streams.audio.flatMap { AudioFormat($0) })
        let bytes = MediaBytes(section.bytes)
        head = (format, section, bytes)
        return (section, bytes)
    }

    /// The head of a file without audio; nil before a segment has begun.
    public var videoHead: Head? {
        head.map { head in
            let section = InitSection(video: head.video)
            return Head(bytes: MediaBytes(section.bytes), codecs: section.codecs)
        }
    }

    private func store(_ packet: MediaPacket, as frame: Fragmenter.Frame) throws(MediaError) {
        let buffer = fragmenter.video
        let start = buffer.count
        configuration.append(packet.bytes, isStart: frame.kind != .dependent, to: buffer)
        guard !buffer.hasOverflowed else { throw MediaError(.badStream, "a frame is too large to be recorded") }
        let range = start..<buffer.count
        fragmenter.add(frame, at: range)
        parts?.take(frame, UnsafeRawBufferPointer(rebasing: buffer.bytes[range]))
    }

    private func endFragment(until next: Int64?) {
        guard let first = fragmenter.start90k else { return }
        segment.fragments += 1
        let ended = fragmenter.end(
            until: next,
            sequence: segment.fragments,
            wallClock: utc(first),
            moving: move
        )
        guard let ended else { return }
        segment.end = ended.end90k
        segment.bytes += ended.bytes.count
        emit(
            .fragment(
                Part(
                    fragment: ended,
                    capturedAt: video.capturedByNow(ended.start90k) ?? 0,
                    capturedUntil: video.capturedByNow(ended.end90k) ?? 0
                )
            )
        )
    }

    /// UTC of a media time, in microseconds since 1970.
    private func utc(_ media90k: Int64) -> Int64? {
        video.capturedByNow(media90k).flatMap(wall.time)
    }

    private func emitEnd(_ reason: EndReason) {
        var flags: Set<Flag> = []
        if segment.isJoined { flags.insert(.clockJoined) }
        if video.clock != .source { flags.insert(.clockArrival) }
        if video.nudged > segment.nudgedBefore { flags.insert(.timestampsNudged) }
        if segment.isRecoveryStart { flags.insert(.recoveryStart) }
        if segment.isDependent { flags.insert(.dependent) }
        if segment.isAudioDropped { flags.insert(.audioDropped) }
        if wall.steps > segment.wallSteps { flags.insert(.wallStep) }
        let capturedAt = video.capturedByNow(segment.start) ?? 0
        emit(
            .ended(End(reason: reason, flags: flags, startedAt: utc(segment.start) ?? 0, capturedAt: capturedAt))
        )
    }
}

extension RunSegmenter.SourceTime {
    /// The times of a packet of libavformat.
    init(_ packet: MediaPacket, arrival: Int64, wallClock: Int64) {
        self.init(
            decode: packet.decodeTime,
            presentation: packet.presentationTime,
            duration: packet.duration,
            arrival: arrival,
            wallClock: wallClock
        )
    }
}
