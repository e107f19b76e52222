import Encodings

/// Codec names as RFC 6381 and the codecs' own documents define them, for HTML's `codecs=` parameter.
public enum CodecString {
    /// `avc1.PPCCLL` from an `avcC` record (ISO/IEC 14496-15, 5.3.3).
    public static func avc(record: [UInt8], entry: String = "avc1") -> String {
        guard record.count >= 4 else { return entry }
        return entry + "." + record[1...3].hex
    }

    /// `hvc1.P.C.Ln.…` from an `hvcC` record (ISO/IEC 14496-15, annex E.3).
    public static func hevc(record: [UInt8], entry: String = "hvc1") -> String {
        guard record.count >= 13 else { return entry }
        let space = ["", "A", "B", "C"][Int(record[1] >> 6)]
        let profile = record[1] & 0x1F
        var compatibility: UInt32 = 0
        for bit in 0..<32 {
            let isSet = record[2 + bit / 8] >> (7 - UInt8(bit % 8)) & 1
            compatibility |= UInt32(isSet) << UInt32(bit)
        }
        let tier = record[1] & 0x20 != 0 ? "H" : "L"
        var constraints = Array(record[6...11])
        while constraints.last == 0 { constraints.removeLast() }
        var result =
            "\(entry).\(space)\(profile).\(String(compatibility, radix: 16, uppercase: true)).\(tier)\(record[12])"
        for byte in constraints { result += "." + String(byte, radix: 16, uppercase: true) }
        return result
    }

    /// `av01.P.LLT.DD` from an `av1C` record (AV1 Codec ISO Media File Format Binding, 5).
    public static func av1(record: [UInt8]) -> String {
        guard record.count >= 3 else { return "av01" }
        let level = record[1] & 0x1F
        let tier = record[2] & 0x80 != 0 ? "H" : "M"
        let depth = record[2] & 0x40 == 0 ? "08" : record[2] & 0x20 == 0 ? "10" : "12"
        return "av01.\(record[1] >> 5).\(level < 10 ? "0" : "")\(level)\(tier).\(depth)"
    }

    /// The name for a sample entry of an `stsd` box; empty for one that is not known.
    static func of(sampleEntry entry: Box, isVideo: Bool) -> String {
        let children = entry.children(from: isVideo ? 78 : 28)
        func record(_ type: FourCharacters) -> [UInt8] {
            children.first { $0.type == type }.map { Array($0.rest(from: 0)) } ?? []
        }
        switch entry.type {
        case "avc1": return avc(record: record("avcC"))
        case "avc3": return avc(record: record("avcC"), entry: "avc3")
        case "hvc1": return hevc(record: record("hvcC"))
        case "hev1": return hevc(record: record("hvcC"), entry: "hev1")
        case "av01": return av1(record: record("av1C"))
        case "mp4v": return mpeg4(descriptor: record("esds"), entry: "mp4v")
        case "mp4a": return mpeg4(descriptor: record("esds"), entry: "mp4a")
        case "Opus": return "opus"
        case ".mp3": return "mp3"
        default: return ""
        }
    }

    /// `mp4a.40.2`, `mp4a.6B`, `mp4v.6C` … from an `esds` box (ISO/IEC 14496-1, 7.2.6; object types of mp4ra.org).
    static func mpeg4(descriptor: [UInt8], entry: String) -> String {
        var position = 4
        func byte() -> UInt8? {
            guard position < descriptor.count else { return nil }
            defer { position += 1 }
            return descriptor[position]
        }
        func open(_ tag: UInt8) -> Bool {
            guard byte() == tag else { return false }
            for _ in 0..<4 {
                guard let part = byte() else { return false }
                if part & 0x80 == 0 { return true }
            }
            return true
        }
        guard open(0x03) else { return entry }
        position += 2
        guard let flags = byte() else { return entry }
        if flags & 0x80 != 0 { position += 2 }
        if flags & 0x40 != 0 { position += Int(byte() ?? 0) }
        if flags & 0x20 != 0 { position += 2 }
        guard open(0x04), let object = byte() else { return entry }
        guard object == 0x40 else { return mpeg4(objectType: object, entry: entry) }
        position += 12
        guard open(0x05) else { return "\(entry).40" }
        return aac(configuration: Array(descriptor.dropFirst(position)), entry: entry)
    }

    /// `mp4a.6B`, `mp4v.6C` … from an object type of ISO/IEC 14496-1.
    static func mpeg4(objectType: UInt8, entry: String) -> String {
        "\(entry).\([objectType].hex.uppercased())"
    }

    /// `mp4a.40.2` from an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
    static func aac(configuration: [UInt8], entry: String = "mp4a") -> String {
        guard configuration.count >= 2 else { return "\(entry).40" }
        let type = configuration[0] >> 3
        let number = type == 31 ? 32 + Int((configuration[0] & 0x7) << 3 | configuration[1] >> 5) : Int(type)
        return "\(entry).40.\(number)"
    }
}
