import Crypto
import Encodings
package import MP4
package import ObserverCore

/// One MP4 file of an export: a head, then segments.
///
/// All sizes and places follow from the catalogue and from the fragments of those segments of which a part is wanted.
package struct ExportPart: Sendable {
    /// The identifier of the box with the manifest.
    package static let manifestIdentifier = Array("observer.export1".utf8)

    package private(set) var pieces: [ExportPiece] = []
    /// `ftyp` and `moov`.
    package let movie: [UInt8]
    /// `sidx` of each track; empty where the file is too large for one.
    package let index: [UInt8]
    /// The init section with which every segment must begin.
    package let initSection: [UInt8]
    /// The bytes behind the head.
    package let mediaBytes: Int64
    /// The length that is shown, in 1/90000 s.
    package let duration90k: Int64
    /// The ticks per second of the audio track; nil without one.
    package let audioRate: Int64?
    /// When the first frame that is shown was taken.
    package let shownAt: Timestamp

    /// Numbers of fragments that are kept free for each segment.
    private static let numbers: UInt32 = 8192

    /// Creates a part.
    ///
    /// - Parameters:
    ///   - selections: The segments with what is to be cut out of them; those without anything are left out before.
    ///   - initSection: The init section of the first of them.
    ///   - referenceBytes: The length of the box before a `moof`, `prft`, in these segments.
    /// - Throws: `MP4Error` where the init section cannot be used.
    package init(
        _ selections: [(segment: ExportSegment, cut: SegmentCut?)],
        initSection: [UInt8],
        referenceBytes: Int64
    ) throws(MP4Error) {
        self.initSection = initSection
        audioRate = try JoinedHead(initSection: initSection, shown: 0, end: 0).audioRate
        var clock = ExportClock(margin: audioRate == nil ? 0 : ExportClock.audioMargin)
        var offset: Int64 = 0
        for (number, selection) in selections.enumerated() {
            let (segment, cut) = selection
            let place = clock.place(segment, cut)
            let patch = SegmentPatch(
                number: UInt32(clamping: number + 1) &* Self.numbers,
                videoTicks: place.shift,
                audioTicks: audioRate.map { JoinedHead.ticks(place.shift, of: $0) } ?? 0
            )
            let piece = ExportPiece(
                segment: segment,
                cut: cut,
                patch: patch,
                start: place.start,
                end: place.end,
                moment: segment.moment(of: place.start - place.shift),
                number: patch.number,
                offset: offset,
                referenceBytes: referenceBytes
            )
            offset += piece.bytes
            pieces.append(piece)
        }
        mediaBytes = offset
        let first = pieces.first
        let shift = first?.patch.videoTicks ?? 0
        let shown = (first?.cut).map { $0.shown + shift } ?? first?.start ?? 0
        let end = pieces.last?.end ?? 0
        duration90k = max(end - shown, 0)
        shownAt = first.map { $0.segment.moment(of: shown - shift) } ?? Timestamp(milliseconds: 0)
        movie = try JoinedHead(initSection: initSection, shown: shown, end: end).bytes
        // A stretch begins with a fragment of video: players look for it there. What precedes it, with the subtitles, is at the
        // end of the stretch before.
        var stretches: [ExportIndex.Stretch] = []
        for (number, piece) in pieces.enumerated() {
            let next = number + 1 < pieces.count ? pieces[number + 1] : nil
            let bytes = piece.mediaBytes - piece.leadBytes + (next.map { $0.textBytes + $0.leadBytes } ?? 0)
            stretches.append(.init(bytes: bytes, duration: max((next?.start ?? end) - piece.start, 0)))
        }
        index = ExportIndex.boxes(
            stretches,
            after: first.map { $0.textBytes + $0.leadBytes } ?? 0,
            firstPresentation: (first?.cut).map { $0.firstPresentation + shift } ?? first?.start ?? 0,
            audioRate: audioRate
        )
    }

    /// Notes the hash of the part of a segment that is in the file.
    package mutating func set(partSHA256: String, of number: Int) {
        guard pieces.indices.contains(number) else { return }
        pieces[number].partSHA256 = partSHA256
    }

    /// SHA-256 of all subtitles, one after the other.
    package func textSHA256() -> [UInt8] {
        var hasher = SHA256Hasher()
        for piece in pieces { hasher.update(piece.text) }
        return hasher.finalize()
    }

    /// The number of the piece with a byte, counted from the end of the head.
    package func piece(at offset: Int64) -> Int {
        var (low, high) = (0, pieces.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if pieces[middle].offset <= offset { low = middle } else { high = middle }
        }
        return low
    }
}

/// Assigns times in the file: continuous within a run, by wall time between runs, and never backwards.
private struct ExportClock {
    /// Audio may begin a little before the video, and no time in a file is below zero; the edit list takes it back.
    static let audioMargin: Int64 = 45_000

    private let margin: Int64
    private var origin: (moment: Timestamp, time: Int64)?
    private var end: Int64 = 0
    /// The run of the last segment, and what is added to its times.
    private var run: (id: RunID, shift: Int64)?

    init(margin: Int64) {
        self.margin = margin
    }

    mutating func place(_ segment: ExportSegment, _ cut: SegmentCut?) -> (shift: Int64, start: Int64, end: Int64) {
        let (start, stop) = (cut?.start ?? segment.start90k, cut?.end ?? segment.start90k + segment.duration90k)
        var shift: Int64
        if let origin {
            if let run, run.id == segment.run, start + run.shift >= end - Self.jitter {
                // Media time is continuous: what overlaps is the estimate of the last frame's length.
                shift = run.shift
                end = min(end, start + shift)
            } else {
                let wall = segment.startedAt.microseconds - origin.moment.microseconds
                let begin = origin.time + wall.multipliedSaturated(by: 9) / 100
                shift = begin - segment.start90k
                if start + shift < end { shift = end - start }
            }
        } else {
            shift = margin - start
            origin = (segment.startedAt, segment.start90k + shift)
        }
        run = (segment.run, shift)
        let placed = (shift: shift, start: start + shift, end: max(stop + shift, start + shift))
        end = placed.end
        return placed
    }

    /// The overlap within a run that is no repetition, in 1/90000 s.
    private static let jitter: Int64 = 45_000
}
