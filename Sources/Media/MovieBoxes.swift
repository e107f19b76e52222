/// A track as the `trak` box of the init section describes it.
struct MovieTrack {
    let id: UInt64
    let timescale: UInt64
    let isVideo: Bool
    let codec: String
    let width: Int
    let height: Int
    var defaultDuration: UInt64 = 0
    var defaultSize: UInt64 = 0

    init?(_ trak: Box) {
        guard let tkhd = trak.child("tkhd"), let version = tkhd.byte(0), let mdia = trak.child("mdia"),
            let id = tkhd.number(version == 1 ? 20 : 12, bytes: 4),
            let mdhd = mdia.child("mdhd"), let mdhdVersion = mdhd.byte(0),
            let timescale = mdhd.number(mdhdVersion == 1 ? 20 : 12, bytes: 4), timescale > 0,
            let handler = mdia.child("hdlr")?.number(8, bytes: 4),
            let stsd = mdia.child("minf")?.child("stbl")?.child("stsd"),
            let entry = stsd.children(from: 8).first
        else { return nil }
        let kind = FourCharacters(UInt32(handler))
        guard kind == "vide" || kind == "soun" else { return nil }
        self.id = id
        self.timescale = timescale
        isVideo = kind == "vide"
        width = isVideo ? Int(entry.number(24, bytes: 2) ?? 0) : 0
        height = isVideo ? Int(entry.number(26, bytes: 2) ?? 0) : 0
        codec = CodecString.of(sampleEntry: entry, isVideo: isVideo)
    }

    /// A time of this track in 1/90000 s.
    func to90k(_ ticks: UInt64) -> Int64 {
        guard timescale != 90_000 else { return Int64(clamping: ticks) }
        let product = ticks.multipliedFullWidth(by: 90_000)
        guard product.high < timescale else { return .max }
        return Int64(clamping: timescale.dividingFullWidth(product).quotient)
    }
}

/// What a `moof` box says of its fragment.
struct MovieFragment {
    /// The video part of a fragment.
    struct Video {
        var start90k: Int64
        var duration90k: Int64
        var frames: Int
    }

    /// Where the last sample ends, from the start of the file.
    private(set) var dataEnd: Int64 = 0
    private(set) var video: Video?

    /// Nil if a needed box is missing or a number makes no sense.
    init?(_ moof: Box, at start: Int64, tracks: [UInt64: MovieTrack]) {
        for traf in moof.children() where traf.type == "traf" {
            guard let header = TrackHeader(traf, tracks: tracks) else { return nil }
            var duration: UInt64 = 0
            var samples = 0
            var next = header.base ?? start
            for trun in traf.children() where trun.type == "trun" {
                guard let run = TrackRun(trun, header) else { return nil }
                if let offset = run.dataOffset { next = (header.base ?? start) + offset }
                guard next >= 0, run.bytes < 1 << 40 else { return nil }
                next += Int64(run.bytes)
                dataEnd = max(dataEnd, next)
                duration += run.duration
                samples += run.samples
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

        init?(_ trun: Box, _ header: TrackHeader) {
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
            guard count < 1 << 20, offset + Int(count) * width <= trun.count else { return nil }
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
