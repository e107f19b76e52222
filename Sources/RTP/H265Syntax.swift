import Encodings

/// The payload of H.265 (RFC 7798) and its NAL units (ITU-T H.265, 7.3 and 7.4).
enum H265Syntax: NALSyntax {
    static let headerLength = 2
    static let pairsFields = false

    /// Types of payload structures (RFC 7798, 4.4).
    private enum Structure {
        static let aggregation: UInt8 = 48
        static let fragmentation: UInt8 = 49
        static let contentInformation: UInt8 = 50
    }

    @inline(__always)
    private static func type(_ header: UInt16) -> UInt8 { UInt8(truncatingIfNeeded: header >> 9) & 0x3F }

    @inline(__always)
    static func read(_ payload: UnsafeRawBufferPointer, at offset: Int, hasDecodingOrder: Bool) -> NALPayloadPart {
        guard offset < payload.count else { return .end }
        guard payload.count > 2 else { return .malformed }
        var header = payload.bigEndian16(at: 0)
        var start = 2
        if type(header) == Structure.contentInformation {
            // PACI (4.4.4): the type of the structure inside, then extensions that only concern the transport.
            guard payload.count > 4 else { return .malformed }
            let fields = payload.bigEndian16(at: 2)
            header = header & 0x01FF | (fields & 0x7E00) | (fields & 0x8000)
            start = 4 + Int(fields >> 4) & 0x1F
            guard start < payload.count, type(header) != Structure.contentInformation else { return .malformed }
        }
        switch type(header) {
        case Structure.fragmentation:
            return fragment(payload, header: header, from: start, hasDecodingOrder: hasDecodingOrder)
        case Structure.aggregation:
            return aggregated(payload, at: offset, from: start, hasDecodingOrder: hasDecodingOrder)
        default:
            return single(payload, at: offset, header: header, from: hasDecodingOrder ? start + 2 : start)
        }
    }

    @inline(__always)
    private static func fragment(
        _ payload: UnsafeRawBufferPointer,
        header: UInt16,
        from start: Int,
        hasDecodingOrder: Bool
    ) -> NALPayloadPart {
        let flags = payload[start]
        let isStart = flags & 0x80 != 0
        let fragment = NALFragment(
            header: header & 0x81FF | UInt16(flags & 0x3F) << 9,
            // The decoding order number stands in the first fragment alone.
            body: payload.from(start + (hasDecodingOrder && isStart ? 3 : 1)),
            isStart: isStart,
            isEnd: flags & 0x40 != 0
        )
        return .fragment(fragment, end: payload.count)
    }

    private static func single(
        _ payload: UnsafeRawBufferPointer,
        at offset: Int,
        header: UInt16,
        from start: Int
    ) -> NALPayloadPart {
        if offset == 0, payload[0] == 0, payload[1] == 0 {
            return NALBytes.leadingStartCode(in: payload).map { .startCode(end: $0) } ?? .malformed
        }
        guard offset > 0 else {
            return .fragment(NALFragment(header: header, body: payload.from(start)), end: payload.count)
        }
        // Behind a start code.
        guard offset + 2 < payload.count else { return .malformed }
        let unit = NALFragment(header: payload.bigEndian16(at: offset), body: payload.from(offset + 2))
        return .fragment(unit, end: payload.count)
    }

    private static func aggregated(
        _ payload: UnsafeRawBufferPointer,
        at offset: Int,
        from start: Int,
        hasDecodingOrder: Bool
    ) -> NALPayloadPart {
        var index = offset > 0 ? offset : start
        while true {
            // A number in front of the first unit, a difference in front of the others (4.4.2).
            if hasDecodingOrder { index += index == start ? 2 : 1 }
            guard index + 2 < payload.count else { return .end }
            let size = Int(payload.bigEndian16(at: index))
            index += 2
            guard size <= payload.count - index else { return .malformed }
            guard size > 2 else {
                index += size
                continue
            }
            let body = UnsafeRawBufferPointer(rebasing: payload[(index + 2)..<(index + size)])
            return .fragment(NALFragment(header: payload.bigEndian16(at: index), body: body), end: index + size)
        }
    }

    static func role(of unit: NALFragment, sets: ParameterSets) -> NALRole {
        // The forbidden bit, and a temporal identifier that no unit has.
        guard unit.header & 0x8000 == 0, unit.header & 0x07 != 0 else { return .invalid }
        let type = type(unit.header)
        guard type < Structure.aggregation || type > Structure.contentInformation else { return .invalid }
        // Further layers are for decoders that know them.
        guard unit.header & 0x01F8 == 0 else { return .ignored }
        switch type {
        case 0...9: return .slice(slice(unit.body, sets: sets))
        case 16...20: return .slice(SliceFacts(kind: .idr, startsPicture: startsPicture(unit.body)))
        case 21: return .slice(SliceFacts(kind: .cra, startsPicture: startsPicture(unit.body)))
        case 32: return .parameterSet(.video)
        case 33: return .parameterSet(.sequence)
        case 34: return .parameterSet(.picture)
        case 39: return .supplement
        case 40: return .suffix
        default: return .ignored
        }
    }

    private static func startsPicture(_ body: UnsafeRawBufferPointer) -> Bool {
        body.first.map { $0 & 0x80 != 0 } ?? true
    }

    /// Reads first_slice_segment_in_pic_flag, and slice_type of a first segment; that of others is too far inside.
    private static func slice(_ body: UnsafeRawBufferPointer, sets: ParameterSets) -> SliceFacts {
        var facts = SliceFacts(kind: .dependent, startsPicture: startsPicture(body))
        guard facts.startsPicture else { return facts }
        var reader = BitReader(body)
        _ = reader.bit()
        guard let id = reader.exponentialGolomb(), let set = sets.picture.first(where: { $0.id == id }) else {
            return facts
        }
        _ = reader.bits(set.extraSliceBits)
        if reader.exponentialGolomb() == 2 { facts.kind = .recovery }
        return facts
    }

    static func identify(_ kind: ParameterSetKind, body: UnsafeRawBufferPointer) -> (id: Int, extraSliceBits: Int)? {
        var reader = BitReader(body)
        switch kind {
        case .video:
            let id = reader.bits(4)
            return reader.isExhausted ? nil : (Int(id), 0)
        case .sequence:
            _ = reader.bits(4)
            skipProfile(&reader, subLayers: Int(reader.bits(3)))
            guard let id = reader.exponentialGolomb(), id <= 15 else { return nil }
            return (Int(id), 0)
        case .picture:
            guard let id = reader.exponentialGolomb(), id <= 63, reader.exponentialGolomb() != nil else { return nil }
            // dependent_slice_segments_enabled_flag and output_flag_present_flag come first.
            _ = reader.bits(2)
            let extra = reader.bits(3)
            return reader.isExhausted ? nil : (Int(id), Int(extra))
        }
    }

    /// Passes over temporal_id_nesting_flag and profile_tier_level (7.3.3).
    private static func skipProfile(_ reader: inout BitReader, subLayers: Int) {
        func skip(_ count: Int) {
            for _ in 0..<count { _ = reader.bit() }
        }
        skip(1 + 96)
        guard subLayers > 0 else { return }
        var present = 0
        for _ in 0..<subLayers {
            // Profile and level of a sub-layer: 88 and 8 bits where they are present.
            present += reader.bit() == 1 ? 88 : 0
            present += reader.bit() == 1 ? 8 : 0
        }
        skip((8 - subLayers) * 2 + present)
    }
}
