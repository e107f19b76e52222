/// The fragments of a segment, sample by sample.
///
/// Reads what ``FragmentIndex`` writes: one `trun` a track, offsets from the `moof`.
public struct SegmentIndex: Hashable, Sendable {
    /// A sample: a frame, or a piece of audio.
    public struct Sample: Hashable, Sendable {
        /// Its length in bytes.
        public var bytes: Int
        /// How long it lasts, in ticks of its track.
        public var duration: Int64
        /// Presentation time less decode time, in ticks.
        public var compositionOffset: Int64
        /// True if decoding can start with it.
        public var isSync: Bool
    }

    /// The samples of one track in a fragment.
    public struct Track: Hashable, Sendable {
        /// The decode time of the first sample, in ticks.
        public var start: Int64
        /// The samples in decode order.
        public var samples: [Sample]
        /// The place of the first byte of the first sample in the file.
        public var place: Int64

        /// The end of the last sample.
        public var end: Int64 { samples.reduce(start) { $0 + $1.duration } }
    }

    /// A fragment: `prft`?, `moof`, `mdat`.
    public struct Fragment: Hashable, Sendable {
        /// The place of all its boxes in the file.
        public var range: Range<Int64>
        /// The number in its `mfhd`.
        public var number: UInt32
        /// The frames.
        public var video: Track?
        /// The audio.
        public var audio: Track?
    }

    /// The length of the init section.
    public let initBytes: Int64
    /// The fragments in order.
    public let fragments: [Fragment]

    /// Creates an index.
    public init(initBytes: Int64, fragments: [Fragment]) {
        self.initBytes = initBytes
        self.fragments = fragments
    }

    /// The presentation time of the first frame that has been decoded, in ticks.
    public var firstPresentation: Int64? {
        fragments.lazy.compactMap(\.video).first.flatMap { video in
            video.samples.first.map { video.start + $0.compositionOffset }
        }
    }

    private static let boxLimit: Int64 = 4 << 20
    private static let sampleLimit = 1 << 20

    /// Reads the boxes of a segment.
    ///
    /// - Parameters:
    ///   - size: The length of the segment.
    ///   - read: Returns `count` bytes from `offset` on, which lie within the segment.
    /// - Returns: The index, or the reason why the bytes are none of our segments.
    /// - Throws: The error of `read`.
    public static func read<Failure: Error>(
        size: Int64,
        read: (_ offset: Int64, _ count: Int) throws(Failure) -> [UInt8]
    ) throws(Failure) -> Result<SegmentIndex, MP4Error> {
        var (offset, initBytes): (Int64, Int64) = (0, 0)
        var begin: Int64?
        var pending: Fragment?
        var fragments: [Fragment] = []
        while offset <= size - 8 {
            let header = Box(type: .none, payload: try read(offset, Int(min(16, size - offset)))[...])
            guard let short = header.number(0, bytes: 4), let type = header.number(4, bytes: 4) else { break }
            let length = Int64(clamping: short == 1 ? header.number(8, bytes: 8) ?? 0 : short)
            guard length >= (short == 1 ? 16 : 8), length <= size - offset else { break }
            let end = offset + length
            switch FourCharacters(UInt32(truncatingIfNeeded: type)) {
            case "moov": initBytes = end
            case "prft": begin = offset
            case "moof":
                guard short != 1, length <= boxLimit else { return .failure(bad(at: offset)) }
                let content = try read(offset + 8, Int(length - 8))
                guard content.count == Int(length - 8),
                    var fragment = Fragment(Box(type: "moof", payload: content[...]), at: offset)
                else { return .failure(bad(at: offset)) }
                fragment.range = (begin ?? offset)..<end
                pending = fragment
            case "mdat":
                guard var fragment = pending, fragment.dataEnd <= end else { return .failure(bad(at: offset)) }
                fragment.range = fragment.range.lowerBound..<end
                fragments.append(fragment)
                (pending, begin) = (nil, nil)
            default: break
            }
            offset = end
        }
        guard initBytes > 0, offset == size, pending == nil, !fragments.isEmpty else {
            return .failure(bad(at: offset))
        }
        return .success(SegmentIndex(initBytes: initBytes, fragments: fragments))
    }

    private static func bad(at offset: Int64) -> MP4Error {
        MP4Error(.badFragment, "the segment cannot be read from byte \(offset) on")
    }
}

extension SegmentIndex.Fragment {
    fileprivate init?(_ moof: Box, at start: Int64) {
        guard let header = moof.child("mfhd"), let number = header.number(4, bytes: 4) else { return nil }
        range = start..<start
        self.number = UInt32(truncatingIfNeeded: number)
        for traf in moof.children() where traf.type == "traf" {
            guard let id = traf.child("tfhd")?.number(4, bytes: 4), let track = SegmentIndex.Track(traf, at: start)
            else {
                return nil
            }
            switch UInt32(truncatingIfNeeded: id) {
            case InitSection.videoTrack: video = track
            case InitSection.audioTrack: audio = track
            default: return nil
            }
        }
    }

    fileprivate var dataEnd: Int64 {
        [video, audio].compactMap { $0 }.map { track in track.samples.reduce(track.place) { $0 + Int64($1.bytes) } }
            .max() ?? 0
    }
}

extension SegmentIndex.Track {
    /// Reads one `traf` with `tfdt` and one `trun` that gives each sample's duration and size.
    fileprivate init?(_ traf: Box, at moof: Int64) {
        let runs = traf.children().filter { $0.type == "trun" }
        guard let tfdt = traf.child("tfdt"), let version = tfdt.byte(0),
            let time = tfdt.number(4, bytes: version == 1 ? 8 : 4), time < 1 << 60,
            runs.count == 1, let run = runs.first, let flags = run.number(1, bytes: 3), flags & 0x301 == 0x301,
            let count = run.number(4, bytes: 4), count <= 1 << 20, let offset = run.number(8, bytes: 4)
        else { return nil }
        start = Int64(time)
        place = moof + Int64(offset)
        samples = []
        var next = flags & 0x4 != 0 ? 16 : 12
        let width = (flags & 0x400 != 0 ? 4 : 0) + (flags & 0x800 != 0 ? 4 : 0) + 8
        guard next + Int(count) * width <= run.count else { return nil }
        samples.reserveCapacity(Int(count))
        for _ in 0..<Int(count) {
            var field = next
            func number() -> UInt32 {
                defer { field += 4 }
                return UInt32(truncatingIfNeeded: run.number(field, bytes: 4) ?? 0)
            }
            let (duration, bytes) = (number(), number())
            let sampleFlags = flags & 0x400 != 0 ? number() : 0
            let composition = flags & 0x800 != 0 ? Int32(bitPattern: number()) : 0
            samples.append(
                SegmentIndex.Sample(
                    bytes: Int(bytes),
                    duration: Int64(duration),
                    compositionOffset: Int64(composition),
                    isSync: sampleFlags & 0x1_0000 == 0
                )
            )
            next += width
        }
    }
}
