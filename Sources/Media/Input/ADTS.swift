/// AAC as MPEG-TS carries it (ISO/IEC 13818-7, 6.2), turned into what MP4 wants.
public enum ADTS {
    /// The rates that AAC names by an index.
    static let rates = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    ]

    /// The AudioSpecificConfig of AAC-LC (ISO/IEC 14496-3, 1.6.2.1).
    public static func configuration(sampleRate: Int, channels: Int) -> [UInt8] {
        let index = rates.firstIndex(of: sampleRate) ?? 4
        let bits = UInt16(2) << 11 | UInt16(index) << 7 | UInt16(min(channels, 7)) << 3
        return [UInt8(bits >> 8), UInt8(bits & 0xFF)]
    }

    /// Removes the header of a packet, if it has one; returns nil if nothing is left.
    public static func strip(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard bytes.count > 7, bytes[0] == 0xFF, bytes[1] & 0xF6 == 0xF0 else { return bytes }
        let header = bytes[1] & 1 == 1 ? 7 : 9
        return bytes.count > header ? UnsafeRawBufferPointer(rebasing: bytes[header...]) : nil
    }
}
