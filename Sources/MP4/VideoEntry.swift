/// The codec of a file and its decoder's configuration, from the sample entry of its video track.
public struct VideoEntry: Hashable, Sendable {
    /// The codecs that a recording can have.
    public enum Codec: Sendable {
        case h264, h265, av1, mjpeg, mpeg4
    }

    /// The codec.
    public let codec: Codec
    /// The decoder's configuration, for frames as they lie in the file.
    public let parameters: [UInt8]

    /// The bytes of a visual sample entry before the boxes in it (ISO/IEC 14496-12, 12.1.3).
    private static let headerBytes = 78

    /// Reads an init section; nil where it has no video that is known.
    public init?(initSection: [UInt8]) {
        let moov = Box.parse(initSection[...]).first { $0.type == "moov" }
        let track = moov?.children().first { MovieTrack($0)?.isVideo == true }
        guard let entry = track?.child("mdia")?.child("minf")?.child("stbl")?.child("stsd")?.children(from: 8).first
        else {
            return nil
        }
        func content(_ type: FourCharacters) -> [UInt8]? {
            entry.child(type, from: Self.headerBytes).map { Array($0.rest(from: 0)) }
        }
        switch entry.type {
        case "avc1", "avc3":
            guard let record = content("avcC") else { return nil }
            (codec, parameters) = (.h264, record)
        case "hvc1", "hev1":
            guard let record = content("hvcC") else { return nil }
            (codec, parameters) = (.h265, record)
        case "av01":
            guard let record = content("av1C") else { return nil }
            (codec, parameters) = (.av1, record)
        case "mp4v":
            guard let stream = content("esds"), let found = Self.elementaryStream(stream) else { return nil }
            (codec, parameters) = found
        default: return nil
        }
    }

    /// Reads the descriptors of `esds` (ISO/IEC 14496-1, 7.2.6) as ``BoxWriter`` writes them: lengths of four bytes.
    private static func elementaryStream(_ content: [UInt8]) -> (Codec, [UInt8])? {
        // Version and flags, tag 3 with 3 bytes, tag 4 with 13 bytes, tag 5.
        let object = 4 + 5 + 3 + 5
        guard content.count > object + 13, content[4] == 3, content[12] == 4 else { return nil }
        if content[object] == 0x6C { return (.mjpeg, []) }
        guard content[object] == 0x20, content.count > object + 18, content[object + 13] == 5 else { return nil }
        let length = content[(object + 14)..<(object + 18)].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
        let start = object + 18
        guard start + length <= content.count else { return nil }
        return (.mpeg4, Array(content[start..<start + length]))
    }
}
