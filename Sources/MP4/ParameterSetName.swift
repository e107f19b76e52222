import Encodings

/// The name of a parameter set inside its stream: a newer set of the same name replaces the older one.
public struct ParameterSetName: Hashable, Sendable {
    /// The type of the NAL unit: 7 and 8 in H.264, 32 to 34 in H.265.
    public let type: UInt8
    /// The identifier by which slices and other sets refer to it.
    public let id: UInt32

    /// Reads the name of an H.264 set, a NAL unit with its header (ITU-T H.264, 7.3.2.1 and 7.3.2.2); nil if it is none.
    public init?(avc unit: UnsafeRawBufferPointer) {
        guard unit.count >= 2 else { return nil }
        type = unit[0] & 0x1F
        var reader = BitReader(UnsafeRawBufferPointer(rebasing: unit.dropFirst()))
        switch type {
        case 7:
            // Profile, constraints and level come first.
            reader.skip(24)
            id = reader.unsigned()
            guard id <= 31 else { return nil }
        case 8:
            id = reader.unsigned()
            guard id <= 255 else { return nil }
        default:
            return nil
        }
        guard !reader.isExhausted else { return nil }
    }

    /// Reads the name of an H.265 set, a NAL unit with its header (ITU-T H.265, 7.3.2.1 to 7.3.2.3); nil if it is none.
    ///
    /// Sets of further layers are none: only decoders that know these layers need them.
    public init?(hevc unit: UnsafeRawBufferPointer) {
        guard unit.count >= 3, unit[0] & 0x81 == 0, unit[1] & 0xF8 == 0 else { return nil }
        type = unit[0] >> 1
        var reader = BitReader(UnsafeRawBufferPointer(rebasing: unit.dropFirst(2)))
        switch type {
        case 32:
            id = reader.bits(4)
        case 33:
            reader.skip(4)
            let layers = Int(reader.bits(3))
            reader.skip(1 + 96)
            HEVCSequence.skipLayers(&reader, layers)
            id = reader.unsigned()
            guard id <= 15 else { return nil }
        case 34:
            id = reader.unsigned()
            guard id <= 63 else { return nil }
        default:
            return nil
        }
        guard !reader.isExhausted else { return nil }
    }
}
