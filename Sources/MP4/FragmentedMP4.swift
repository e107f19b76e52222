/// Reads fragmented MP4 files (ISO/IEC 14496-12 with CMAF brands): an init section (`ftyp`, `moov`), then fragments
/// (`prft`?, `moof`, `mdat`).
///
/// Built for files whose end is missing because a process was killed or the power failed. Nothing in a file is trusted.
public enum FragmentedMP4 {
    /// The content of a file up to its last whole fragment.
    public struct Summary: Hashable, Sendable {
        /// Length of the init section.
        public var initBytes: Int64 = 0
        /// The end of the last whole fragment, at least `initBytes`.
        ///
        /// Cutting the file here makes it whole.
        public var completeBytes: Int64 = 0
        /// Decode time of the first video frame, in 1/90000 s.
        public var mediaStart90k: Int64 = 0
        /// Duration of all video frames, in 1/90000 s.
        public var mediaDuration90k: Int64 = 0
        /// Video frames in whole fragments.
        public var frames = 0
        /// Whole fragments.
        public var fragments = 0
        /// The codecs in RFC 6381's notation, video first: `avc1.64001f,mp4a.40.2`.
        public var codecs = ""
        /// Frame width in pixels.
        public var width = 0
        /// Frame height in pixels.
        public var height = 0
        /// True if there is an audio track.
        public var hasAudio = false
        /// UTC of the first fragment in microseconds since 1970 by its `prft` box, if it has one.
        public var firstWallClock: Int64?
    }

    /// Reads a file that lies in memory.
    ///
    /// - Returns: The content; `fragments` is 0 if nothing but the init section is whole.
    /// - Throws: ``MP4Error`` if not even the init section is whole.
    public static func inspect(bytes: [UInt8]) throws(MP4Error) -> Summary {
        try inspect(size: Int64(bytes.count)) { offset, count in Array(bytes[Int(offset)..<(Int(offset) + count)]) }
            .get()
    }

    /// Reads a file piece by piece: the heads of its boxes, and the whole of its small ones.
    ///
    /// - Parameters:
    ///   - size: The length of the file.
    ///   - read: Returns `count` bytes from `offset` on, which lie within the file; fewer end it there.
    /// - Returns: The content, or the error if not even the init section is whole.
    /// - Throws: The error of `read`: a disk that cannot be read now says nothing about what is on it.
    public static func inspect<Failure: Error>(
        size: Int64,
        read: (_ offset: Int64, _ count: Int) throws(Failure) -> [UInt8]
    ) throws(Failure) -> Result<Summary, MP4Error> {
        var walk = FragmentWalk()
        var offset: Int64 = 0
        while offset <= size - 8 {
            let header = Box(type: .none, payload: try read(offset, Int(min(16, size - offset)))[...])
            guard let short = header.number(0, bytes: 4), let type = header.number(4, bytes: 4) else { break }
            let isLarge = short == 1
            let length = Int64(clamping: isLarge ? header.number(8, bytes: 8) ?? 0 : short)
            let headerLength: Int64 = isLarge ? 16 : 8
            guard length >= headerLength, length <= size - offset else { break }
            let boxType = FourCharacters(UInt32(truncatingIfNeeded: type))
            var content: [UInt8] = []
            if FragmentWalk.reads(boxType) {
                guard length <= indexLimit else { break }
                content = try read(offset + headerLength, Int(length - headerLength))
                guard content.count == Int(length - headerLength) else { break }
            }
            let end = offset + length
            guard walk.take(Box(type: boxType, payload: content[...]), from: offset, to: end) else { break }
            offset = end
        }
        guard walk.summary.initBytes > 0 else {
            return .failure(MP4Error(.noInitSection, "the file has no whole init section"))
        }
        return .success(walk.summary)
    }

    /// The largest `moov` or `moof` that is believed; ours have a few kilobytes.
    private static let indexLimit: Int64 = 4 << 20
}
