/// The index of a fragment (the `moof` box).
struct MovieFragment {
    /// The video part of a fragment.
    struct Video {
        var start90k: Int64
        var duration90k: Int64
        var frames: Int
    }

    /// The most samples in one fragment; with it, no sum of 32-bit sizes or durations overflows.
    private static let sampleLimit = 1 << 20
    /// The largest position in a file that is believed.
    private static let positionLimit: Int64 = 1 << 52

    /// The end of the last sample, from the start of the file.
    private(set) var dataEnd: Int64 = 0
    private(set) var video: Video?

    /// Returns nil if a needed box is missing or a number makes no sense.
    init?(_ moof: Box, at start: Int64, tracks: [UInt64: MovieTrack]) {
        var samplesLeft = Self.sampleLimit
        for traf in moof.children() where traf.type == "traf" {
            guard let header = TrackHeader(traf, tracks: tracks) else { return nil }
            var duration: UInt64 = 0
            var samples = 0
            var next = header.base ?? start
            for trun in traf.children() where trun.type == "trun" {
                guard let run = TrackRun(trun, header, limit: samplesLeft) else { return nil }
                if let offset = run.dataOffset { next = (header.base ?? start) + offset }
                guard (0...Self.positionLimit).contains(next) else { return nil }
                next += Int64(run.bytes)
                dataEnd = max(dataEnd, next)
                duration += run.duration
                samples += run.samples
                samplesLeft -= run.samples
            }
            guard header.track.isVideo, samples > 0 else { continue }
            let part = Video(
                start90k: header.track.to90k(header.time),
                duration90k: header.track.to90k(duration),
                frames: samples
            )
            guard part.start90k < 1 << 60, part.duration90k < 1 << 60 else { return nil }
            video = part
        }
        guard dataEnd > start else { return nil }
    }

    /// `tfhd` and `tfdt`.
    private struct TrackHeader {
        let track: MovieTrack
        let base: Int64?
        let time: UInt64
        var defaultDuration: UInt64
        var defaultSize: UInt64

        init?(_ traf: Box, tracks: [UInt64: MovieTrack]) {
            guard let tfhd = traf.child("tfhd"), let flags = tfhd.number(1, bytes: 3),
                let id = tfhd.number(4, bytes: 4), let track = tracks[id],
                let tfdt = traf.child("tfdt"), let version = tfdt.byte(0),
                let time = tfdt.number(4, bytes: version == 1 ? 8 : 4), time < 1 << 62
            else { return nil }
            self.track = track
            self.time = time
            defaultDuration = track.defaultDuration
            defaultSize = track.defaultSize
            var offset = 8
            func field(_ flag: UInt64, _ bytes: Int) -> UInt64? {
                guard flags & flag != 0 else { return nil }
                defer { offset += bytes }
                return tfhd.number(offset, bytes: bytes)
            }
            base = field(0x1, 8).map { Int64(clamping: $0) }
            if let base, base > MovieFragment.positionLimit { return nil }
            _ = field(0x2, 4)
            if let value = field(0x8, 4) { defaultDuration = value }
            if let value = field(0x10, 4) { defaultSize = value }
        }
    }

    /// One `trun`.
    private struct TrackRun {
        var samples = 0
        var bytes: UInt64 = 0
        var duration: UInt64 = 0
        var dataOffset: Int64?

        init?(_ trun: Box, _ header: TrackHeader, limit: Int) {
            guard let flags = trun.number(1, bytes: 3), let count = trun.number(4, bytes: 4) else { return nil }
            var offset = 8
            if flags & 0x1 != 0 {
                guard let value = trun.number(offset, bytes: 4) else { return nil }
                dataOffset = Int64(Int32(truncatingIfNeeded: value))
                offset += 4
            }
            if flags & 0x4 != 0 { offset += 4 }
            let fields: [(flag: UInt64, isPresent: Bool)] = [0x100, 0x200, 0x400, 0x800].map { ($0, flags & $0 != 0) }
            let width = fields.count { $0.isPresent } * 4
            guard count <= UInt64(limit), offset + Int(count) * width <= trun.count else { return nil }
            samples = Int(count)
            for _ in 0..<samples {
                var place = offset
                var sampleDuration = header.defaultDuration
                var sampleSize = header.defaultSize
                if flags & 0x100 != 0 {
                    sampleDuration = trun.number(place, bytes: 4) ?? 0
                    place += 4
                }
                if flags & 0x200 != 0 { sampleSize = trun.number(place, bytes: 4) ?? 0 }
                duration += sampleDuration
                bytes += sampleSize
                offset += width
            }
        }
    }
}
