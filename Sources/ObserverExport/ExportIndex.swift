import Encodings
import MP4

/// The indexes at the head of a file (`sidx`, ISO/IEC 14496-12, 8.16.3), one for each track: where stretches begin, so that a
/// player goes to any time without reading what lies before.
///
/// FFmpeg and VLC look for a `moof` exactly where a stretch begins, and FFmpeg goes astray with tracks that have no index.
enum ExportIndex {
    /// A stretch of the file.
    struct Stretch {
        /// The bytes from its first `moof` to that of the next one.
        var bytes: Int64
        /// Its length in 1/90000 s.
        var duration: Int64
    }

    /// The most stretches of one box, whose count has 16 bits.
    private static let countLimit = 60_000
    /// The bytes of a box without its stretches, and of each stretch.
    private static let (headBytes, stretchBytes) = (40, 12)

    /// Creates the boxes; none where a stretch is too long for their numbers.
    ///
    /// - Parameters:
    ///   - stretches: The stretches, each of which begins with a key frame.
    ///   - offset: The bytes between the last box and the first stretch.
    ///   - firstPresentation: The presentation time of the first frame, in 1/90000 s.
    ///   - audioRate: The ticks per second of the audio track; nil without one.
    /// - Returns: The bytes.
    static func boxes(
        _ stretches: [Stretch],
        after offset: Int64,
        firstPresentation: Int64,
        audioRate: Int64?
    ) -> [UInt8] {
        let group = max((stretches.count + countLimit - 1) / countLimit, 1)
        let joined = stride(from: 0, to: stretches.count, by: group).map { start in
            stretches[start..<min(start + group, stretches.count)].reduce(Stretch(bytes: 0, duration: 0)) {
                Stretch(bytes: $0.bytes + $1.bytes, duration: $0.duration + $1.duration)
            }
        }
        guard joined.allSatisfy({ 0..<1 << 31 ~= $0.bytes && 0..<1 << 32 ~= $0.duration }) else { return [] }
        var tracks: [(number: UInt32, rate: Int64)] = [(InitSection.videoTrack, 90_000)]
        if let audioRate { tracks.append((InitSection.audioTrack, audioRate)) }
        tracks.append((JoinedHead.textTrack, 90_000))
        let length = headBytes + stretchBytes * joined.count
        var output: [UInt8] = []
        for (place, track) in tracks.enumerated() {
            output.append(bigEndian: UInt32(clamping: length))
            output += Array("sidx".utf8)
            output.append(bigEndian: UInt32(1) << 24)
            output.append(bigEndian: track.number)
            output.append(bigEndian: UInt32(clamping: track.rate))
            output.append(bigEndian: UInt64(max(JoinedHead.ticks(firstPresentation, of: track.rate), 0)))
            output.append(bigEndian: UInt64(max(offset, 0) + Int64(length * (tracks.count - 1 - place))))
            output.append(bigEndian: UInt16(0))
            output.append(bigEndian: UInt16(clamping: joined.count))
            var (time, ticks): (Int64, Int64) = (0, 0)
            for stretch in joined {
                time += stretch.duration
                let end = JoinedHead.ticks(time, of: track.rate)
                output.append(bigEndian: UInt32(clamping: stretch.bytes))
                output.append(bigEndian: UInt32(clamping: end - ticks))
                // Begins with a sync sample of type 1, at its start.
                output.append(bigEndian: UInt32(0x9000_0000))
                ticks = end
            }
        }
        return output
    }
}
