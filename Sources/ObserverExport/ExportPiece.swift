package import MP4
package import ObserverCore

/// A segment's place in a file of an export.
package struct ExportPiece: Hashable, Sendable {
    package var segment: ExportSegment
    /// Nil where all of the segment is in the file.
    package var cut: SegmentCut?
    /// Hex SHA-256 of the bytes of a part, as they are in the file.
    package var partSHA256: String?
    package var patch: SegmentPatch
    /// The time of the first frame in the file, in 1/90000 s.
    package var start: Int64
    /// The end of the last frame.
    package var end: Int64
    /// When the first frame was taken.
    package var moment: Timestamp
    /// The number of the fragment of subtitles.
    package var number: UInt32
    /// Where it begins in the file, counted from the end of the head.
    package var offset: Int64
    /// The length of `prft` before each `moof`.
    var referenceBytes: Int64

    /// The bytes of the segment that are copied, with changes of times alone.
    package var whole: Range<Int64> { cut?.whole ?? 0..<segment.bytes }
    /// True if all of the segment is in the file.
    package var isWhole: Bool { cut == nil || cut?.tail == nil && whole == 0..<segment.bytes }
    /// The bytes of the segment's part of the file.
    package var mediaBytes: Int64 { cut?.length ?? segment.bytes }
    /// The bytes before its first `moof`: what was its init section, and `prft`.
    var leadBytes: Int64 {
        guard !whole.isEmpty else { return 0 }
        return (whole.lowerBound == 0 ? segment.initBytes : 0) + referenceBytes
    }
    /// The bytes of the subtitles before it.
    package var textBytes: Int64 {
        Int64(TextTrack.fragmentBytes(texts: textCount, of: Self.textLength))
    }
    /// All bytes.
    package var bytes: Int64 { textBytes + mediaBytes }

    /// `2026-11-27 12:00:00 UTC`.
    private static let textLength = 23

    private var textCount: Int {
        let length = max(end - start, 0)
        let first = ticksToNextSecond
        return first < length ? Int((length - first - 1) / 90_000) + 2 : 1
    }

    private var ticksToNextSecond: Int64 {
        let ofSecond = moment.microseconds % 1_000_000
        return 90_000 - ofSecond * 9 / 100
    }

    /// The fragment of subtitles: the time of day, second by second.
    package var text: [UInt8] {
        let length = max(end - start, 1)
        var texts: [(text: String, duration: Int64)] = []
        var (done, next) = (Int64(0), min(ticksToNextSecond, length))
        for second in 0..<textCount {
            let shown = moment.advanced(bySeconds: Int64(second)).rfc3339
            texts.append(("\(shown.prefix(10)) \(shown.dropFirst(11).prefix(8)) UTC", max(next - done, 0)))
            (done, next) = (next, min(next + 90_000, length))
        }
        return TextTrack.fragment(number: number, start: start, texts: texts)
    }

    /// The beginning of a fragment that ends the piece, with the file's times; empty where there is none.
    package func tailHeader() throws(MP4Error) -> [UInt8] {
        guard let tail = cut?.tail else { return [] }
        var output: [UInt8] = []
        var patcher = SegmentPatcher(patch, at: 1)
        // The header of the mdat lies behind the moof, and its content comes later.
        try patcher.append(tail.header, to: &output)
        return output
    }
}
