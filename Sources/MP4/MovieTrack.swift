/// A track of a file (the `trak` box of the init section).
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
        let kind = FourCharacters(UInt32(truncatingIfNeeded: handler))
        guard kind == "vide" || kind == "soun" else { return nil }
        self.id = id
        self.timescale = timescale
        isVideo = kind == "vide"
        width = isVideo ? Int(entry.number(24, bytes: 2) ?? 0) : 0
        height = isVideo ? Int(entry.number(26, bytes: 2) ?? 0) : 0
        codec = CodecString.of(sampleEntry: entry, isVideo: isVideo)
    }

    /// Converts a time of this track to 1/90000 s.
    func to90k(_ ticks: UInt64) -> Int64 {
        guard timescale != 90_000 else { return Int64(clamping: ticks) }
        let product = ticks.multipliedFullWidth(by: 90_000)
        guard product.high < timescale else { return .max }
        return Int64(clamping: timescale.dividingFullWidth(product).quotient)
    }
}
