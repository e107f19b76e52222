/// The state of a walk over the boxes of a file.
struct FragmentWalk {
    private(set) var summary = FragmentedMP4.Summary()
    private var tracks: [UInt64: MovieTrack] = [:]
    private var pending: MovieFragment?
    private var wallClock: Int64?

    /// Returns true for boxes whose content is needed.
    static func reads(_ type: FourCharacters) -> Bool {
        type == "moov" || type == "moof" || type == "prft"
    }

    /// Takes the next box; false ends the walk, because nothing after this box can be trusted.
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
            // From the first frame on, not a sum: a hole between fragments is part of the duration.
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
        return seconds * 1_000_000 + Int64(((ntp & 0xFFFF_FFFF) * 1_000_000) >> 32)
    }
}
