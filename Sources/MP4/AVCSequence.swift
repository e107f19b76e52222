import Encodings

/// The facts in a sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1.1 and E.1.1).
public struct AVCSequence: Hashable, Sendable {
    /// `profile_idc`.
    public let profile: UInt8
    /// The constraint flags, as they stand in the byte after the profile.
    public let constraints: UInt8
    /// `level_idc`.
    public let level: UInt8
    /// Width of the visible part in pixels.
    public let width: Int
    /// Height of the visible part in pixels.
    public let height: Int
    /// Frames per second by the timing information; nil without it.
    public let framesPerSecond: Double?
    /// The number of frames that may come before frames that are shown earlier, 0 to 16; nil if the set does not tell.
    public let reorderedFrames: Int?
    /// `chroma_format_idc`, for the configuration record.
    let chromaFormat: UInt8
    /// Bits of luma beyond eight.
    let extraLumaBits: UInt8
    /// Bits of chroma beyond eight.
    let extraChromaBits: UInt8

    /// Sizes beyond this are not believed: level 6.2 ends at 139,264 macroblocks.
    private static let mostMacroblocks = 139_264

    /// Reads a NAL unit of type 7, header included; nil if it is none or makes no sense.
    public init?(unit: [UInt8]) {
        guard unit.count >= 4, unit[0] & 0x1F == 7 else { return nil }
        let sequence = unit.withUnsafeBytes { bytes in
            var reader = BitReader(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
            return AVCSequence(&reader)
        }
        guard let sequence else { return nil }
        self = sequence
    }

    private init?(_ reader: inout BitReader) {
        profile = UInt8(reader.bits(8))
        constraints = UInt8(reader.bits(8))
        level = UInt8(reader.bits(8))
        guard reader.unsigned() <= 31 else { return nil }
        let chroma = Self.readChroma(&reader, profile: profile)
        chromaFormat = chroma.format
        extraLumaBits = chroma.luma
        extraChromaBits = chroma.chroma
        guard chroma.format <= 3, Self.skipOrder(&reader) else { return nil }
        _ = reader.unsigned()  // ignored: max_num_ref_frames
        reader.skip(1)
        let columns = Int(reader.unsigned()) + 1
        let rows = Int(reader.unsigned()) + 1
        let isProgressive = reader.flag()
        if !isProgressive { reader.skip(1) }
        reader.skip(1)
        let fields = isProgressive ? 1 : 2
        guard columns <= Self.mostMacroblocks, rows <= Self.mostMacroblocks,
            columns * rows * fields <= Self.mostMacroblocks
        else { return nil }
        var crop = [0, 0, 0, 0]
        if reader.flag() { for side in crop.indices { crop[side] = Int(reader.unsigned()) } }
        guard !reader.isExhausted else { return nil }
        let unitX = chroma.format == 1 || chroma.format == 2 ? 2 : 1
        let unitY = (chroma.format == 1 ? 2 : 1) * fields
        let cropped = (
            columns * 16 - (crop[0] + crop[1]) * unitX, rows * 16 * fields - (crop[2] + crop[3]) * unitY
        )
        // A window without content is no window; players show the whole frame then.
        let isCropped = cropped.0 > 0 && cropped.1 > 0
        width = isCropped ? cropped.0 : columns * 16
        height = isCropped ? cropped.1 : rows * 16 * fields
        let usability = reader.flag() ? Self.readUsability(&reader) : (nil, nil)
        // Zeros behind the end of a cut set mean nothing.
        framesPerSecond = reader.isExhausted ? nil : usability.0
        reorderedFrames = reader.isExhausted ? nil : usability.1
    }

    private static func readChroma(
        _ reader: inout BitReader,
        profile: UInt8
    ) -> (
        format: UInt8, luma: UInt8, chroma: UInt8
    ) {
        guard hasChroma(profile) else { return (1, 0, 0) }
        let format = UInt8(clamping: reader.unsigned())
        if format == 3 { reader.skip(1) }
        let luma = UInt8(clamping: reader.unsigned())
        let chroma = UInt8(clamping: reader.unsigned())
        reader.skip(1)
        guard reader.flag() else { return (format, luma, chroma) }
        for index in 0..<(format == 3 ? 12 : 8) where reader.flag() {
            skipScalingList(&reader, size: index < 6 ? 16 : 64)
        }
        return (format, luma, chroma)
    }

    /// Profiles whose sets and records have the chroma format (7.3.2.1.1).
    static func hasChroma(_ profile: UInt8) -> Bool {
        [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile)
    }

    private static func skipScalingList(_ reader: inout BitReader, size: Int) {
        var last: Int64 = 8
        var next: Int64 = 8
        for _ in 0..<size where next != 0 && !reader.isExhausted {
            next = (last + reader.signed()) & 0xFF
            if next != 0 { last = next }
        }
    }

    /// Passes over the frame number and the picture order count; returns false for an unknown type.
    private static func skipOrder(_ reader: inout BitReader) -> Bool {
        _ = reader.unsigned()  // ignored: log2_max_frame_num_minus4
        switch reader.unsigned() {
        case 0:
            _ = reader.unsigned()  // ignored: log2_max_pic_order_cnt_lsb_minus4
        case 1:
            reader.skip(1)
            _ = reader.signed()  // ignored: offset_for_non_ref_pic
            _ = reader.signed()  // ignored: offset_for_top_to_bottom_field
            let count = reader.unsigned()
            guard count <= 255 else { return false }
            for _ in 0..<count { _ = reader.signed() }  // ignored: offset_for_ref_frame
        case 2:
            break
        default:
            return false
        }
        return true
    }

    /// Reads frame rate and reordering from the usability information (E.1.1).
    private static func readUsability(_ reader: inout BitReader) -> (Double?, Int?) {
        if reader.flag(), reader.bits(8) == 255 { reader.skip(32) }
        if reader.flag() { reader.skip(1) }
        if reader.flag() {
            reader.skip(4)
            if reader.flag() { reader.skip(24) }
        }
        if reader.flag() {
            _ = reader.unsigned()  // ignored: chroma_sample_loc_type_top_field
            _ = reader.unsigned()  // ignored: chroma_sample_loc_type_bottom_field
        }
        var rate: Double?
        if reader.flag() {
            let units = reader.bits(32)
            let scale = reader.bits(32)
            reader.skip(1)
            // Two ticks per frame: the clock counts fields.
            if units > 0, scale > 0 { rate = Double(scale) / Double(units) / 2 }
        }
        let hasNAL = reader.flag()
        if hasNAL { skipHypotheticalDecoder(&reader) }
        let hasVCL = reader.flag()
        if hasVCL { skipHypotheticalDecoder(&reader) }
        if hasNAL || hasVCL { reader.skip(1) }
        reader.skip(1)
        guard reader.flag() else { return (rate, nil) }
        reader.skip(1)
        for _ in 0..<4 { _ = reader.unsigned() }  // ignored: limits on bytes, bits and vectors
        let reordered = reader.unsigned()
        return (rate, reordered <= 16 ? Int(reordered) : nil)
    }

    private static func skipHypotheticalDecoder(_ reader: inout BitReader) {
        let count = min(reader.unsigned(), 31) + 1
        reader.skip(8)
        for _ in 0..<count {
            _ = reader.unsigned()  // ignored: bit_rate_value_minus1
            _ = reader.unsigned()  // ignored: cpb_size_value_minus1
            reader.skip(1)
        }
        reader.skip(20)
    }
}
