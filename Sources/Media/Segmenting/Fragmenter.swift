public import Encodings
import MP4

/// Collects the samples of one run and hands them out as fragments: less than a second each, begun anew at key frames.
///
/// The bytes of a sample are appended to `video` or `audio` by whoever has them, NAL units with four bytes of length before
/// each, and the sample is added when it is complete; nothing is copied after that but audio, which goes behind the video
/// when the fragment ends. Before the first byte of a frame the caller asks `isDue`, and ends the fragment if so:
///
///     if fragmenter.isDue(before: frame) { emit(fragmenter.end(until: frame.decode, …)) }
///
/// Belongs to one thread.
public struct Fragmenter {
    /// A frame of video, times in 1/90000 s of the run.
    public struct Frame: Hashable, Sendable {
        /// When it is decoded; after the frame before it.
        public var decode: Int64
        /// When it is shown; may lie before `decode`.
        public var presentation: Int64
        /// How long it lasts, as far as known before the next one.
        public var duration: Int64
        /// The use of the frame as a starting point.
        public var kind: FrameKind

        /// Creates a frame that is shown when it is decoded.
        public init(decode: Int64, presentation: Int64? = nil, duration: Int64 = 3600, kind: FrameKind) {
            self.decode = decode
            self.presentation = presentation ?? decode
            self.duration = duration
            self.kind = kind
        }
    }

    /// A process that is killed loses the present fragment, and what has come since the last sweep: together less than a second.
    private static let length: Int64 = 63_000
    /// The first fragment of a run is short, so that it is soon known that the camera is recorded.
    private static let firstLength: Int64 = 22_500
    private static let bytesLimit = 4 << 20
    private static let framesLimit = 1000
    /// The most bytes and pieces of audio in a fragment; it ends with a frame, and frames may be seconds apart.
    private static let audioBytesLimit = 1 << 20
    private static let audioSamplesLimit = 4000
    /// How long a frame may last, in 1/90000 s; after a longer silence there is a hole in the media time.
    static let frameLimit: Int64 = 10 * 90_000
    /// The most bytes of a buffer: a full fragment, another frame of 8 MiB, and audio.
    private static let bufferLimit = bytesLimit + 8 << 20 + audioBytesLimit + 1 << 20

    /// The buffer to which the bytes of the next frame are appended.
    public private(set) var video: ByteBuffer
    /// The buffer to which the bytes of the next piece of audio are appended.
    public private(set) var audio: ByteBuffer
    private var spareAudio: ByteBuffer
    private let pool: FragmentPool
    /// The size of fragments to come, by those before.
    private var expected = 0
    private var index = FragmentIndex()
    /// The use of the first frame of the present fragment as a starting point.
    private(set) var kind = FrameKind.dependent
    private var hasDependent = false
    /// The size of the first frame of the present fragment.
    private var firstBytes = 0
    private var isFirst = true
    private var last: Int64 = 0
    private var videoEnd = 0
    private var audioEnd = 0
    /// The room before the samples, which the index gets.
    private var room = 2048

    /// Creates a fragmenter at the beginning of a run, which takes its memory from a pool.
    public init(pool: FragmentPool = FragmentPool()) {
        self.pool = pool
        video = pool.take(capacity: 64 << 10, limit: Self.bufferLimit)
        audio = ByteBuffer(capacity: 4096, limit: Self.bufferLimit)
        spareAudio = ByteBuffer(capacity: 4096, limit: Self.bufferLimit)
        prepare()
    }

    /// True if the present fragment has no frames.
    public var isEmpty: Bool { index.frames == 0 }

    /// The decode time of the first frame of the present fragment, in 1/90000 s; nil without one.
    public var start90k: Int64? { index.videoStart }

    /// The number of bytes of the samples in the present fragment.
    public var bytes: Int { index.bytes }

    /// True if the present fragment has audio.
    var hasAudio: Bool { index.audioSamples > 0 }

    /// A copy of the complete samples of the present fragment, as if it ended here; nil without frames.
    func present(sequence: UInt32) -> [UInt8]? {
        guard !isEmpty else { return nil }
        var bytes = index.header(sequence: sequence)
        bytes.reserveCapacity(bytes.count + index.bytes)
        bytes += video.bytes[room..<videoEnd]
        bytes += audio.bytes[..<audioEnd]
        return bytes
    }

    /// The place in `video` at which the next frame begins.
    public var frameStart: Int { videoEnd }

    /// Takes the bytes of a frame that is not recorded out of the buffer.
    public func dropIncomplete() {
        video.truncate(to: videoEnd)
    }

    /// Takes the bytes of a piece of audio that is not recorded out of the buffer.
    public func dropIncompleteAudio() {
        audio.truncate(to: audioEnd)
    }

    /// True if the present fragment should take no more, whatever comes.
    public var isFull: Bool { index.bytes >= Self.bytesLimit || index.frames >= Self.framesLimit }

    /// Moves the frames of the present fragment by 1/90000 s; those that come next lie behind them.
    public mutating func move(by ticks: Int64) {
        guard !isEmpty else { return }
        index.moveFrames(by: ticks)
        last += ticks
    }

    /// Returns true if the present fragment should end before this frame.
    public func isDue(before frame: Frame) -> Bool {
        guard let start = index.videoStart else { return false }
        if frame.kind != .dependent, hasDependent { return true }
        return frame.decode - start >= (isFirst ? Self.firstLength : Self.length) - frame.duration / 2
            || isFull
    }

    /// Adds a frame whose bytes lie in `video`, behind those of the frame before it.
    ///
    /// - Parameters:
    ///   - frame: The frame.
    ///   - range: The place of its bytes; an empty one adds nothing.
    public mutating func add(_ frame: Frame, at range: Range<Int>) {
        precondition(range.lowerBound == videoEnd && range.upperBound <= video.count, "frames lie one after the other")
        guard !range.isEmpty else { return }
        if isEmpty { (kind, firstBytes) = (frame.kind, range.count) }
        if frame.kind == .dependent { hasDependent = true }
        index.addFrame(
            bytes: range.count,
            decodeTime: frame.decode,
            compositionOffset: frame.presentation - frame.decode,
            duration: min(max(frame.duration, 1), Self.frameLimit),
            isSync: frame.kind != .dependent
        )
        last = frame.decode
        videoEnd = range.upperBound
    }

    /// Adds a piece of audio whose bytes lie in `audio`, behind those of the piece before it.
    ///
    /// - Parameters:
    ///   - range: The place of its bytes.
    ///   - decode: When it is heard, in ticks of the track.
    ///   - duration: How long it lasts, as far as known before the next one.
    /// - Returns: False if the fragment has no room for it; its bytes are taken out of the buffer then.
    public mutating func addAudio(at range: Range<Int>, decode: Int64, duration: Int64) -> Bool {
        precondition(range.lowerBound == audioEnd && range.upperBound <= audio.count, "audio lies one after the other")
        guard range.upperBound <= Self.audioBytesLimit, index.audioSamples < Self.audioSamplesLimit else {
            audio.truncate(to: audioEnd)
            return false
        }
        guard !range.isEmpty else { return true }
        index.addAudio(bytes: range.count, decodeTime: decode, duration: duration)
        audioEnd = range.upperBound
        return true
    }

    /// Ends the present fragment and begins another.
    ///
    /// - Parameters:
    ///   - next: The decode time of the frame that follows; nil where none does.
    ///   - sequence: The number of the fragment in its segment, from 1.
    ///   - wallClock: UTC of its first frame, in microseconds since 1970.
    ///   - move: Moves the bytes of an incomplete sample from one buffer to the end of another; called for both tracks.
    /// - Returns: The fragment; nil if there are no frames, and then its audio stays for the next one.
    public mutating func end(
        until next: Int64?,
        sequence: UInt32,
        wallClock: Int64?,
        moving move: (_ old: ByteBuffer, _ new: ByteBuffer) -> Void = { (_, _) in }
    ) -> Fragment? {
        guard let start = index.videoStart else { return nil }
        if let next { index.endLastFrame(at: min(max(next, last + 1), last + Self.frameLimit)) }
        let frames = index.frames
        let end = index.videoEnd ?? start
        let header = index.header(sequence: sequence, wallClock: wallClock)
        let finished = video
        let heard = audio
        let samples = room..<videoEnd
        let firstFrame = header.count..<header.count + firstBytes
        let audioCount = audioEnd
        begin(after: header.count + index.bytes, header: header.count)
        move(finished, video)
        move(heard, audio)
        finished.truncate(to: samples.upperBound)
        finished.append(UnsafeRawBufferPointer(rebasing: heard.bytes[..<audioCount]))
        heard.removeAll()
        let bytes = assemble(header, before: finished, from: samples.lowerBound)
        return Fragment(
            bytes: bytes,
            start90k: start,
            end90k: end,
            kind: kind,
            frames: frames,
            firstFrame: firstFrame,
            hasAudio: audioCount > 0
        )
    }

    /// Forgets the samples of the present fragment; the bytes of samples that are not complete are moved.
    public mutating func abandon(moving move: (_ old: ByteBuffer, _ new: ByteBuffer) -> Void = { (_, _) in }) {
        let (old, oldAudio) = (video, audio)
        begin(after: 0, header: 0)
        move(old, video)
        move(oldAudio, audio)
        oldAudio.removeAll()
        pool.give(old)
    }

    /// Prepares empty buffers, as large as the last fragment was.
    private mutating func begin(after size: Int, header: Int) {
        index.removeAll()
        isFirst = isFirst && size == 0
        hasDependent = false
        // Fragments that begin with a key frame are larger than those between them.
        expected = max(size, expected / 8 * 7)
        video = pool.take(capacity: max(expected + expected / 8 + room, 16 << 10), limit: Self.bufferLimit)
        swap(&audio, &spareAudio)
        room = max(room, header + header / 4)
        prepare()
    }

    /// Gives the memory back at the end of the run; the fragmenter is of no use afterwards.
    func release() {
        pool.give(video)
    }

    private mutating func prepare() {
        video.appendZeros(room)
        videoEnd = room
        audioEnd = 0
    }

    /// Puts the index into the room before the samples.
    private func assemble(_ header: [UInt8], before buffer: ByteBuffer, from start: Int) -> MediaBytes {
        if header.count <= start {
            buffer.overwrite(header, at: start - header.count)
            return MediaBytes(buffer, from: start - header.count, of: pool)
        }
        let larger = pool.take(capacity: header.count + buffer.count - start, limit: Self.bufferLimit)
        larger.append(header)
        larger.append(UnsafeRawBufferPointer(rebasing: buffer.bytes[start...]))
        pool.give(buffer)
        return MediaBytes(larger, from: 0, of: pool)
    }
}
