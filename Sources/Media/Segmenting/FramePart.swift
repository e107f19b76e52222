import Encodings
import MP4

/// A frame, or the pieces of audio that came since the last one, as a fragment of its own for those who watch.
///
/// Its times are those of the recording, so that it fits behind the fragments of the same run in a file.
public struct FramePart: Hashable, Sendable {
    /// The boxes `moof` and `mdat`.
    public let bytes: [UInt8]
    /// The use of the frame as a starting point; nil for audio.
    public let kind: FrameKind?

    /// Creates a part.
    public init(bytes: [UInt8], kind: FrameKind?) {
        self.bytes = bytes
        self.kind = kind
    }
}

/// Puts frames into fragments of their own as soon as they are complete.
struct FramePartBuilder {
    /// Audio does not wait longer than this for the next frame, in nanoseconds.
    private static let audioDelay: Int64 = 80_000_000
    private static let audioBytesLimit = 64 << 10

    private let emit: (FramePart) -> Void
    private var sequence: UInt32 = 0
    private var audio = FragmentIndex()
    private var audioBytes: [UInt8] = []
    private var audioSince: Int64?

    init(_ emit: @escaping (FramePart) -> Void) {
        self.emit = emit
    }

    /// Hands out a frame, behind the audio before it.
    mutating func take(_ frame: Fragmenter.Frame, _ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        flush()
        var index = FragmentIndex()
        index.addFrame(
            bytes: bytes.count,
            decodeTime: frame.decode,
            compositionOffset: frame.presentation - frame.decode,
            duration: min(max(frame.duration, 1), Fragmenter.frameLimit),
            isSync: frame.kind != .dependent
        )
        sequence &+= 1
        emit(FramePart(bytes: index.header(sequence: sequence) + bytes, kind: frame.kind))
    }

    /// Takes a piece of audio, times in ticks of its track.
    mutating func takeAudio(_ bytes: UnsafeRawBufferPointer, decode: Int64, duration: Int64, arrival: Int64) {
        guard !bytes.isEmpty else { return }
        audio.addAudio(bytes: bytes.count, decodeTime: decode, duration: duration)
        audioBytes += bytes
        let since = audioSince ?? arrival
        audioSince = since
        if arrival &- since >= Self.audioDelay || audioBytes.count >= Self.audioBytesLimit { flush() }
    }

    /// Hands out the audio that waits for a frame.
    mutating func flush() {
        guard audio.audioSamples > 0 else { return }
        sequence &+= 1
        emit(FramePart(bytes: audio.header(sequence: sequence) + audioBytes, kind: nil))
        audio.removeAll()
        audioBytes = []
        audioSince = nil
    }
}

/// For those who watch.
extension RunSegmenter {
    /// The beginning of a file with the present format.
    public struct Head: Sendable {
        /// The init section.
        public var bytes: MediaBytes
        /// RFC 6381 names, video first.
        public var codecs: String

        /// Creates one.
        public init(bytes: MediaBytes, codecs: String) {
            (self.bytes, self.codecs) = (bytes, codecs)
        }
    }

    /// Hands out each frame as soon as it is complete, from now on; nil ends that.
    public func watch(_ emit: ((FramePart) -> Void)?) {
        parts = emit.map { FramePartBuilder($0) }
    }

    /// True while frames are handed out.
    public var isWatched: Bool { parts != nil }

    /// The complete frames of the fragment that is being put together, and its audio, as a fragment; nil without frames.
    ///
    /// Audio that waits is handed out first, so that nobody gets it twice.
    public func presentFragment() -> (bytes: [UInt8], kind: FrameKind)? {
        parts?.flush()
        return fragmenter.present(sequence: segment.fragments + 1).map { ($0, fragmenter.kind) }
    }

    /// The number of bytes of samples in the fragment that is being put together.
    public var presentBytes: Int { fragmenter.bytes }

    /// True if the fragment that is being put together has audio.
    public var presentHasAudio: Bool { fragmenter.hasAudio }
}
