/// Subtitles in a fragmented file (3GPP TS 26.245), all of one length, so that the size of a fragment follows from its times.
public enum TextTrack {
    /// The ticks in a second.
    private static let second: Int64 = 90_000
    /// The longest text in bytes.
    public static let textLimit = 200

    /// Returns the bytes of a fragment with `count` texts of `length` bytes.
    public static func fragmentBytes(texts count: Int, of length: Int) -> Int {
        // moof(8) mfhd(16) traf(8) tfhd(16) tfdt(20) trun(12 + 4 + 4), then eight bytes a sample, and the head of mdat.
        8 + 16 + 8 + 16 + 20 + 20 + 8 * count + 8 + count * (2 + length)
    }

    /// Creates a fragment.
    ///
    /// - Parameters:
    ///   - number: Its number in the file.
    ///   - start: When the first text appears, in 1/90000 s.
    ///   - texts: What is shown, and for how long, in 1/90000 s.
    /// - Returns: `moof` and `mdat`.
    public static func fragment(number: UInt32, start: Int64, texts: [(text: String, duration: Int64)]) -> [UInt8] {
        let samples = texts.map { text in (bytes: Array(text.text.utf8.prefix(textLimit)), duration: text.duration) }
        let bytes = samples.reduce(0) { $0 + 2 + $1.bytes.count }
        var writer = BoxWriter(capacity: 128 + 8 * texts.count + bytes)
        var place = 0
        writer.box("moof") { moof in
            moof.fullBox("mfhd") { $0.append(number) }
            moof.box("traf") { traf in
                traf.fullBox("tfhd", flags: 0x2_0000) { $0.append(JoinedHead.textTrack) }
                traf.fullBox("tfdt", version: 1) { $0.append(UInt64(max(start, 0))) }
                traf.fullBox("trun", flags: 0x301) { run in
                    run.append(UInt32(clamping: texts.count))
                    place = run.bytes.count
                    run.append(UInt32(0))
                    for sample in samples {
                        run.append(UInt32(clamping: sample.duration))
                        run.append(UInt32(clamping: sample.bytes.count + 2))
                    }
                }
            }
        }
        writer.patch(UInt32(clamping: writer.bytes.count + 8), at: place)
        writer.append(UInt32(clamping: bytes + 8))
        writer.append("mdat")
        for sample in samples {
            writer.append(UInt16(clamping: sample.bytes.count))
            writer.append(sample.bytes)
        }
        return writer.bytes
    }

    /// Appends the track to a `moov`; players show it when they are told to.
    static func append(to moov: inout BoxWriter, milliseconds: Int64, shown: Int64) {
        moov.box("trak") { track in
            track.fullBox("tkhd", flags: 2) { box in
                box.appendZeros(8)
                box.append(JoinedHead.textTrack)
                box.appendZeros(4)
                box.append(UInt32(clamping: milliseconds))
                box.appendZeros(8)
                // A layer above the video.
                box.append(Int16(-1))
                box.append(UInt16(2))
                box.appendZeros(4)
                for number in InitSection.unityMatrix { box.append(number) }
                box.appendZeros(8)
            }
            JoinedHead.appendEdit(to: &track, shown: shown)
            track.box("mdia") { media in
                InitSection.appendMediaHeader(
                    to: &media,
                    timescale: UInt32(second),
                    handler: "sbtl",
                    name: "Time of day"
                )
                media.box("minf") { information in
                    information.fullBox("nmhd") { _ in }
                    InitSection.appendTables(to: &information) { appendEntry(to: &$0) }
                }
            }
        }
    }

    /// Appends the sample entry: white on black at the bottom, one font.
    private static func appendEntry(to table: inout BoxWriter) {
        table.box("tx3g") { entry in
            entry.appendZeros(6)
            entry.append(UInt16(1))
            entry.append(UInt32(0))
            // Centred, at the bottom.
            entry.append(Int8(1))
            entry.append(Int8(-1))
            entry.append(UInt32(0x0000_00C0))
            entry.appendZeros(8)
            // The style of all characters: font 1, plain, 18 high.
            entry.appendZeros(4)
            entry.append(UInt16(1))
            entry.append(UInt8(0))
            entry.append(UInt8(18))
            entry.append(UInt32(0xFFFF_FFFF))
            entry.box("ftab") { fonts in
                fonts.append(UInt16(1))
                fonts.append(UInt16(1))
                fonts.append(UInt8(10))
                fonts.append("Sans-Serif")
            }
        }
    }
}
