import Encodings

/// The facts in a sequence parameter set of H.265 (ITU-T H.265, 7.3.2.2).
public struct HEVCSequence: Hashable, Sendable {
    /// The general part of profile, tier and level: twelve bytes as they stand in the record (7.3.3).
    public let profileTierLevel: [UInt8]
    /// Width of the visible part in pixels.
    public let width: Int
    /// Height of the visible part in pixels.
    public let height: Int
    /// The number of frames that may come before frames that are shown earlier, 0 to 16.
    public let reorderedFrames: Int
    /// `chroma_format_idc`.
    let chromaFormat: UInt8
    /// Bits of luma beyond eight.
    let extraLumaBits: UInt8
    /// Bits of chroma beyond eight.
    let extraChromaBits: UInt8
    /// `sps_max_sub_layers_minus1` + 1.
    let temporalLayers: UInt8
    /// True if a decoder may stop at any of the temporal layers.
    let isNested: Bool

    /// Sizes beyond this are not believed: level 6.2 ends at 16,888 either way.
    private static let longestSide = 16_888

    /// Reads a NAL unit of type 33, header included; nil if it is none or makes no sense.
    public init?(unit: [UInt8]) {
        guard unit.count >= 16, unit[0] >> 1 & 0x3F == 33 else { return nil }
        let sequence = unit.withUnsafeBytes { bytes in
            var reader = BitReader(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(2)))
            return HEVCSequence(&reader)
        }
        guard let sequence else { return nil }
        self = sequence
    }

    private init?(_ reader: inout BitReader) {
        reader.skip(4)
        let layers = Int(reader.bits(3))
        isNested = reader.flag()
        temporalLayers = UInt8(layers + 1)
        profileTierLevel = (0..<12).map { _ in UInt8(reader.bits(8)) }
        Self.skipLayers(&reader, layers)
        guard reader.unsigned() <= 15 else { return nil }
        let format = reader.unsigned()
        guard format <= 3 else { return nil }
        chromaFormat = UInt8(format)
        if format == 3 { reader.skip(1) }
        let size = (Int(reader.unsigned()), Int(reader.unsigned()))
        guard (1...Self.longestSide).contains(size.0), (1...Self.longestSide).contains(size.1) else { return nil }
        var crop = [0, 0, 0, 0]
        if reader.flag() { for side in crop.indices { crop[side] = Int(reader.unsigned()) } }
        let cropped = (
            size.0 - (crop[0] + crop[1]) * (format == 1 || format == 2 ? 2 : 1),
            size.1 - (crop[2] + crop[3]) * (format == 1 ? 2 : 1)
        )
        // A window without content is no window; players show the whole frame then.
        (width, height) = cropped.0 > 0 && cropped.1 > 0 ? cropped : size
        extraLumaBits = UInt8(clamping: reader.unsigned())
        extraChromaBits = UInt8(clamping: reader.unsigned())
        _ = reader.unsigned()  // ignored: log2_max_pic_order_cnt_lsb_minus4
        let first = reader.flag() ? 0 : layers
        var reordered: UInt32 = 0
        for _ in first...layers {
            _ = reader.unsigned()  // ignored: sps_max_dec_pic_buffering_minus1
            reordered = reader.unsigned()
            _ = reader.unsigned()  // ignored: sps_max_latency_increase_plus1
        }
        reorderedFrames = Int(min(reordered, 16))
        guard !reader.isExhausted else { return nil }
    }

    /// Passes over the profiles and levels of temporal layers (7.3.3).
    static func skipLayers(_ reader: inout BitReader, _ layers: Int) {
        guard layers > 0 else { return }
        var bits = 0
        for _ in 0..<layers {
            if reader.flag() { bits += 88 }
            if reader.flag() { bits += 8 }
        }
        // Two bits for each of the layers up to the eighth.
        reader.skip(2 * (8 - layers) + bits)
    }
}
