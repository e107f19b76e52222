import Glibc

/// Reads fragmented MP4 files as `SegmentMuxer` makes them (ISO/IEC 14496-12 with CMAF brands): an init section
/// (`ftyp`, `moov`), then fragments (`prft`?, `moof`, `mdat`).
///
/// Built for files whose end is missing: a process was killed, the power failed. Nothing in a file is trusted.
public enum FragmentedMP4 {
    /// What a file holds, up to its last whole fragment.
    public struct Summary: Hashable, Sendable {
        /// Length of the init section.
        public var initBytes: Int64 = 0
        /// Where the last whole fragment ends, at least `initBytes`.
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
        /// The codecs as RFC 6381 writes them, video first: `avc1.64001f,mp4a.40.2`.
        public var codecs = ""
        /// Frame width in pixels.
        public var width = 0
        /// Frame height in pixels.
        public var height = 0
        /// Whether there is an audio track.
        public var hasAudio = false
        /// UTC of the first fragment in microseconds since 1970 by its `prft` box, if it has one.
        public var firstWallClock: Int64?
    }

    /// Reads the file at `path`.
    ///
    /// - Returns: What is whole in it; `fragments` is 0 if nothing but the init section is.
    /// - Throws: `badStream` if not even the init section is whole, `file` if the file cannot be read.
    public static func inspect(_ path: String) throws(MediaError) -> Summary {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw MediaError(.file, "the file cannot be opened", code: errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw MediaError(.file, "the file has no size", code: errno) }
        return try inspect(size: Int64(status.st_size)) { offset, count throws(MediaError) in
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                while filled < count {
                    let result = pread(file, buffer.baseAddress.map { $0 + filled }, count - filled, offset + filled)
                    if result < 0 && errno == EINTR { continue }
                    guard result > 0 else { break }
                    filled += result
                }
            }
            guard bytes.count == count else { throw MediaError(.file, "the file cannot be read", code: errno) }
            return bytes
        }
    }

    /// Reads a file that lies in memory.
    public static func inspect(bytes: [UInt8]) throws(MediaError) -> Summary {
        try inspect(size: Int64(bytes.count)) { offset, count throws(MediaError) in
            Array(bytes[offset..<(offset + count)])
        }
    }

    /// The largest `moov` or `moof` that is believed; ours have a few kilobytes.
    private static let indexLimit: Int64 = 4 << 20

    private static func inspect(
        size fileSize: Int64,
        read: (_ offset: Int, _ count: Int) throws(MediaError) -> [UInt8]
    ) throws(MediaError) -> Summary {
        var walk = FragmentWalk()
        var offset: Int64 = 0
        while offset + 8 <= fileSize {
            let header = Box(type: .none, payload: try read(Int(offset), Int(min(16, fileSize - offset)))[...])
            guard let short = header.number(0, bytes: 4), let type = header.number(4, bytes: 4) else { break }
            let isLarge = short == 1
            let size = Int64(clamping: isLarge ? header.number(8, bytes: 8) ?? 0 : short)
            let headerSize: Int64 = isLarge ? 16 : 8
            guard size >= headerSize, size <= fileSize - offset else { break }
            let end = offset + size
            let boxType = FourCharacters(UInt32(type))
            var content: [UInt8] = []
            if FragmentWalk.isRead(boxType) {
                guard size <= indexLimit else { break }
                content = try read(Int(offset + headerSize), Int(size - headerSize))
            }
            guard walk.take(Box(type: boxType, payload: content[...]), from: offset, to: end) else { break }
            offset = end
        }
        guard walk.summary.initBytes > 0 else {
            throw MediaError(.badStream, "the file has no whole init section")
        }
        return walk.summary
    }
}

/// The state of a walk over the boxes of a file.
struct FragmentWalk {
    private(set) var summary = FragmentedMP4.Summary()
    private var tracks: [UInt64: MovieTrack] = [:]
    private var pending: MovieFragment?
    private var wallClock: Int64?

    /// Whether the content of a box is looked at.
    static func isRead(_ type: FourCharacters) -> Bool {
        type == "moov" || type == "moof" || type == "prft"
    }

    /// Takes the next box; false ends the walk, because what follows cannot be trusted.
    mutating func take(_ box: Box, from start: Int64, to end: Int64) -> Bool {
        switch box.type {
        case "ftyp", "styp", "free", "skip", "emsg", "sidx":
            return true
        case "moov":
            return summary.initBytes == 0 && takeMovie(box, end: end)
        case "prft":
            wallClock = box.number(8, bytes: 8).map(FragmentWalk.microseconds(ntp:))
            return summary.initBytes > 0
        case "moof":
            pending = MovieFragment(box, at: start, tracks: tracks)
            return summary.initBytes > 0 && pending != nil
        case "mdat":
            guard let fragment = pending, fragment.dataEnd <= end else { return false }
            pending = nil
            add(fragment, end: end)
            return true
        default:
            return false
        }
    }

    private mutating func takeMovie(_ moov: Box, end: Int64) -> Bool {
        let found = moov.children().filter { $0.type == "trak" }.compactMap(MovieTrack.init)
        guard !found.isEmpty else { return false }
        for var track in found {
            let extends = moov.child("mvex")?.children() ?? []
            for trex in extends where trex.type == "trex" && trex.number(4, bytes: 4) == track.id {
                track.defaultDuration = trex.number(12, bytes: 4) ?? 0
                track.defaultSize = trex.number(16, bytes: 4) ?? 0
            }
            tracks[track.id] = track
        }
        let ordered = found.filter(\.isVideo) + found.filter { !$0.isVideo }
        summary.codecs = ordered.map(\.codec).filter { !$0.isEmpty }.joined(separator: ",")
        summary.width = found.first(where: \.isVideo)?.width ?? 0
        summary.height = found.first(where: \.isVideo)?.height ?? 0
        summary.hasAudio = found.contains { !$0.isVideo }
        summary.initBytes = end
        summary.completeBytes = end
        return true
    }

    private mutating func add(_ fragment: MovieFragment, end: Int64) {
        if let video = fragment.video {
            if summary.frames == 0 { summary.mediaStart90k = video.start90k }
            // From the first frame on, not summed up: a hole between fragments is part of the duration.
            summary.mediaDuration90k = video.start90k + video.duration90k - summary.mediaStart90k
            summary.frames += video.frames
        }
        if summary.fragments == 0 { summary.firstWallClock = wallClock }
        summary.fragments += 1
        summary.completeBytes = end
    }

    /// Microseconds since 1970 from a 64-bit NTP timestamp (RFC 5905, 6).
    private static func microseconds(ntp: UInt64) -> Int64 {
        let seconds = Int64(ntp >> 32) - 2_208_988_800
        return seconds * 1_000_000 + Int64((ntp & 0xFFFF_FFFF) * 1_000_000 >> 32)
    }
}
