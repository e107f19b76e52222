/// The head of a fragmented file: `ftyp` and `moov` (ISO/IEC 14496-12, with the brands of CMAF, ISO/IEC 23000-19).
///
/// Equal formats give equal bytes, so all segments of a run that have the same format share one init section.
public struct InitSection: Hashable, Sendable {
    /// The number of the video track.
    public static let videoTrack: UInt32 = 1
    /// The number of the audio track.
    public static let audioTrack: UInt32 = 2
    /// The ticks per second of the video track.
    public static let videoTimescale: UInt32 = 90_000

    /// The bytes.
    public let bytes: [UInt8]
    /// The codecs in RFC 6381's notation, video first: `avc1.64001f,mp4a.40.2`.
    public let codecs: String

    /// Creates the init section of a file with these tracks.
    public init(video: VideoFormat, audio: AudioFormat? = nil) {
        var writer = BoxWriter()
        writer.box("ftyp") { box in
            box.append("iso6")
            box.append(UInt32(0x200))
            for brand in ["iso6", "cmfc", "mp41"] { box.append(brand) }
        }
        writer.box("moov") { moov in
            Self.appendMovieHeader(to: &moov, nextTrack: audio == nil ? 2 : 3)
            Self.appendTrack(to: &moov, video: video)
            if let audio { Self.appendTrack(to: &moov, audio: audio) }
            moov.box("mvex") { extends in
                Self.appendDefaults(to: &extends, track: Self.videoTrack)
                if audio != nil { Self.appendDefaults(to: &extends, track: Self.audioTrack) }
            }
        }
        bytes = writer.bytes
        codecs = [video.codec, audio?.codec].compactMap { $0 }.joined(separator: ",")
    }

    static let unityMatrix: [UInt32] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]

    /// Appends `mvhd` (8.2.2): no times, no duration, since neither is known.
    private static func appendMovieHeader(to moov: inout BoxWriter, nextTrack: UInt32) {
        moov.fullBox("mvhd") { box in
            box.appendZeros(8)
            box.append(UInt32(1000))
            box.append(UInt32(0))
            box.append(UInt32(0x1_0000))
            box.append(UInt16(0x100))
            box.appendZeros(10)
            for number in unityMatrix { box.append(number) }
            box.appendZeros(24)
            box.append(nextTrack)
        }
    }

    private static func appendTrack(to moov: inout BoxWriter, video: VideoFormat) {
        moov.box("trak") { track in
            appendTrackHeader(to: &track, number: videoTrack, size: (video.width, video.height))
            track.box("mdia") { media in
                appendMediaHeader(to: &media, timescale: videoTimescale, handler: "vide", name: "Video")
                media.box("minf") { information in
                    information.fullBox("vmhd", flags: 1) { $0.appendZeros(8) }
                    appendTables(to: &information) { video.appendEntry(to: &$0) }
                }
            }
        }
    }

    private static func appendTrack(to moov: inout BoxWriter, audio: AudioFormat) {
        moov.box("trak") { track in
            appendTrackHeader(to: &track, number: audioTrack, size: nil)
            track.box("mdia") { media in
                let timescale = UInt32(clamping: max(audio.sampleRate, 1))
                appendMediaHeader(to: &media, timescale: timescale, handler: "soun", name: "Audio")
                media.box("minf") { information in
                    information.fullBox("smhd") { $0.appendZeros(4) }
                    appendTables(to: &information) { audio.appendEntry(to: &$0) }
                }
            }
        }
    }

    /// Appends `tkhd` (8.3.2): enabled, in the movie, in the preview.
    private static func appendTrackHeader(to track: inout BoxWriter, number: UInt32, size: (Int, Int)?) {
        track.fullBox("tkhd", flags: 3) { box in
            box.appendZeros(8)
            box.append(number)
            box.appendZeros(16)
            // Layer, and the group of tracks that replace each other.
            box.append(UInt16(0))
            box.append(UInt16(size == nil ? 1 : 0))
            box.append(UInt16(size == nil ? 0x100 : 0))
            box.append(UInt16(0))
            for number in unityMatrix { box.append(number) }
            box.append(UInt32(clamping: size?.0 ?? 0) << 16)
            box.append(UInt32(clamping: size?.1 ?? 0) << 16)
        }
    }

    /// Appends `mdhd` and `hdlr` (8.4.2, 8.4.3).
    static func appendMediaHeader(
        to media: inout BoxWriter,
        timescale: UInt32,
        handler: String,
        name: String
    ) {
        media.fullBox("mdhd") { box in
            box.appendZeros(8)
            box.append(timescale)
            box.append(UInt32(0))
            // "und": no language, five bits a letter.
            box.append(UInt16(0x55C4))
            box.append(UInt16(0))
        }
        media.fullBox("hdlr") { box in
            box.appendZeros(4)
            box.append(handler)
            box.appendZeros(12)
            box.append(name + "\0")
        }
    }

    /// Appends the data reference and the sample tables, which are empty in a fragmented file (8.7.2, 8.5).
    static func appendTables(to information: inout BoxWriter, entry: (inout BoxWriter) -> Void) {
        information.box("dinf") { data in
            data.fullBox("dref") { references in
                references.append(UInt32(1))
                references.fullBox("url ", flags: 1) { _ in }
            }
        }
        information.box("stbl") { table in
            table.fullBox("stsd") { descriptions in
                descriptions.append(UInt32(1))
                entry(&descriptions)
            }
            table.fullBox("stts") { $0.append(UInt32(0)) }
            table.fullBox("stsc") { $0.append(UInt32(0)) }
            table.fullBox("stsz") { $0.appendZeros(8) }
            table.fullBox("stco") { $0.append(UInt32(0)) }
        }
    }

    /// Appends `trex` (8.8.3): no defaults, since every fragment has all values itself.
    private static func appendDefaults(to extends: inout BoxWriter, track: UInt32) {
        extends.fullBox("trex") { box in
            box.append(track)
            box.append(UInt32(1))
            box.appendZeros(12)
        }
    }
}
