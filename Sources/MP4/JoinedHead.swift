import Encodings

/// The head of a file that is put together from segments with the same init section: `ftyp` and `moov`.
///
/// The tracks are those of the segments, with an edit list that begins with the frame that was asked for (ISO/IEC 14496-12,
/// 8.6.6), and one more with the time of day as subtitles (3GPP TS 26.245).
public struct JoinedHead: Hashable, Sendable {
    /// The number of the track of subtitles.
    public static let textTrack: UInt32 = 3
    /// The ticks per second of the movie.
    private static let movieTimescale: Int64 = 1000

    /// The bytes.
    public let bytes: [UInt8]
    /// The ticks per second of the audio track; nil without one.
    public let audioRate: Int64?

    /// Creates a head.
    ///
    /// - Parameters:
    ///   - initSection: That of the segments.
    ///   - shown: The presentation time of the first frame that is shown, in 1/90000 s.
    ///   - end: The end of the last frame, in 1/90000 s.
    /// - Throws: ``MP4Error`` where the init section cannot be used.
    public init(initSection: [UInt8], shown: Int64, end: Int64) throws(MP4Error) {
        let boxes = Box.parse(initSection[...])
        guard let moov = boxes.first(where: { $0.type == "moov" }) else {
            throw MP4Error(.noInitSection, "the segment has no whole init section")
        }
        let tracks = moov.children().filter { $0.type == "trak" }
        let facts = tracks.compactMap(MovieTrack.init)
        guard facts.count == tracks.count, facts.contains(where: { $0.id == UInt64(InitSection.videoTrack) }),
            facts.allSatisfy({ $0.id < UInt64(Self.textTrack) }), let extends = moov.child("mvex")
        else { throw MP4Error(.badFragment, "the init section has other tracks than a segment") }
        audioRate = facts.first { !$0.isVideo }.map { Int64($0.timescale) }
        let duration = max(end - shown, 0)
        let milliseconds = (duration + 89) / 90
        var writer = BoxWriter(capacity: initSection.count + 1024)
        writer.box("ftyp") { box in
            box.append("iso6")
            box.append(UInt32(0x200))
            for brand in ["iso6", "isom", "mp42"] { box.append(brand) }
        }
        writer.box("moov") { movie in
            Self.appendMovieHeader(to: &movie, milliseconds: milliseconds)
            for (track, fact) in zip(tracks, facts) {
                let start = Self.ticks(shown, of: Int64(fact.timescale))
                Self.append(track, to: &movie, milliseconds: milliseconds, shown: start)
            }
            TextTrack.append(to: &movie, milliseconds: milliseconds, shown: shown)
            movie.box("mvex") { box in
                box.fullBox("mehd", version: 1) { $0.append(UInt64(milliseconds)) }
                for trex in extends.children() where trex.type == "trex" { box.append(trex) }
                box.fullBox("trex") { box in
                    box.append(Self.textTrack)
                    box.append(UInt32(1))
                    box.appendZeros(12)
                }
            }
        }
        bytes = writer.bytes
    }

    /// Converts 1/90000 s to ticks of a track.
    public static func ticks(_ ticks90k: Int64, of rate: Int64) -> Int64 {
        guard rate != 90_000 else { return ticks90k }
        let product = ticks90k.multipliedReportingOverflow(by: rate)
        guard !product.overflow else { return ticks90k / 90_000 * rate }
        // Rounded down, also before zero, so that equal moves are equal everywhere.
        let quotient = product.partialValue / 90_000
        return product.partialValue % 90_000 < 0 ? quotient - 1 : quotient
    }

    private static func appendMovieHeader(to moov: inout BoxWriter, milliseconds: Int64) {
        moov.fullBox("mvhd", version: 1) { box in
            box.appendZeros(16)
            box.append(UInt32(movieTimescale))
            box.append(UInt64(milliseconds))
            box.append(UInt32(0x1_0000))
            box.append(UInt16(0x100))
            box.appendZeros(10)
            for number in InitSection.unityMatrix { box.append(number) }
            box.appendZeros(24)
            box.append(textTrack + 1)
        }
    }

    /// Appends a track of a segment, with its length and an edit list behind its header.
    private static func append(_ track: Box, to moov: inout BoxWriter, milliseconds: Int64, shown: Int64) {
        moov.box("trak") { box in
            for child in track.children() where child.type != "edts" {
                guard child.type == "tkhd" else {
                    box.append(child)
                    continue
                }
                let start = box.bytes.count
                box.append(child)
                let place = start + 8 + (child.byte(0) == 1 ? 32 : 20)
                if place + 4 <= box.bytes.count { box.patch(UInt32(clamping: milliseconds), at: place) }
                appendEdit(to: &box, shown: shown)
            }
        }
    }

    /// Appends `edts`: from one time on, in all fragments that follow (8.6.6.1: a duration of zero).
    static func appendEdit(to track: inout BoxWriter, shown: Int64) {
        track.box("edts") { edits in
            edits.fullBox("elst", version: 1) { list in
                list.append(UInt32(1))
                list.append(UInt64(0))
                list.append(UInt64(bitPattern: shown))
                list.append(UInt32(0x1_0000))
            }
        }
    }
}

extension BoxWriter {
    /// Appends a box as it was read.
    mutating func append(_ box: Box) {
        self.box(box.type) { $0.append(Array(box.rest(from: 0))) }
    }
}
