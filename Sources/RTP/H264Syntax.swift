import Encodings

/// The payload of H.264 (RFC 6184) and its NAL units (ITU-T H.264, 7.3 and 7.4).
enum H264Syntax: NALSyntax {
    static let headerLength = 1
    static let pairsFields = true

    /// Types of payload structures (RFC 6184, table 1).
    private enum Structure {
        static let stapA: UInt8 = 24
        static let stapB: UInt8 = 25
        static let mtap16: UInt8 = 26
        static let mtap24: UInt8 = 27
        static let fuA: UInt8 = 28
        static let fuB: UInt8 = 29
    }

    @inline(__always)
    static func read(_ payload: UnsafeRawBufferPointer, at offset: Int, hasDecodingOrder: Bool) -> NALPayloadPart {
        guard offset < payload.count else { return .end }
        let first = payload[0]
        let type = first & 0x1F
        if type == Structure.fuA || type == Structure.fuB {
            guard payload.count >= 2 else { return .malformed }
            let header = payload[1]
            // The decoding order number stands in the first fragment alone.
            let start = type == Structure.fuB && header & 0x80 != 0 ? 4 : 2
            let fragment = NALFragment(
                header: UInt16(first & 0xE0 | header & 0x1F),
                body: payload.from(start),
                isStart: header & 0x80 != 0,
                isEnd: header & 0x40 != 0
            )
            return .fragment(fragment, end: payload.count)
        }
        guard Structure.stapA...Structure.mtap24 ~= type else { return single(payload, at: offset, type: type) }
        return aggregated(payload, at: offset, type: type)
    }

    private static func single(_ payload: UnsafeRawBufferPointer, at offset: Int, type: UInt8) -> NALPayloadPart {
        if type == 0, offset == 0 {
            return NALBytes.leadingStartCode(in: payload).map { .startCode(end: $0) } ?? .malformed
        }
        let unit = NALFragment(header: UInt16(payload[offset]), body: payload.from(offset + 1))
        return .fragment(unit, end: payload.count)
    }

    private static func aggregated(_ payload: UnsafeRawBufferPointer, at offset: Int, type: UInt8) -> NALPayloadPart {
        // Decoding order numbers and time offsets are passed over: cameras send in decoding order.
        var index = offset > 0 ? offset : type == Structure.stapA ? 1 : 3
        let extra = type == Structure.mtap16 ? 3 : type == Structure.mtap24 ? 4 : 0
        while index + 2 + extra < payload.count {
            let size = Int(payload.bigEndian16(at: index))
            index += 2 + extra
            guard size <= payload.count - index else { return .malformed }
            // Some cameras pad with zeros.
            guard size > 0 else { continue }
            let body = UnsafeRawBufferPointer(rebasing: payload[(index + 1)..<(index + size)])
            return .fragment(NALFragment(header: UInt16(payload[index]), body: body), end: index + size)
        }
        return .end
    }

    static func role(of unit: NALFragment, sets: ParameterSets) -> NALRole {
        // A set forbidden bit means that the unit was damaged before it was sent.
        guard unit.header & 0x80 == 0 else { return .invalid }
        switch unit.header & 0x1F {
        case 1, 2: return .slice(slice(unit.body))
        case 3, 4: return .slice(SliceFacts(kind: .recovery, startsPicture: false))
        case 5: return .slice(SliceFacts(kind: .idr, startsPicture: unit.body.first.map { $0 & 0x80 != 0 } ?? true))
        case 6: return .supplement
        case 7: return .parameterSet(.sequence)
        case 8: return .parameterSet(.picture)
        case 9...23: return .ignored
        default: return .invalid
        }
    }

    /// Reads first_mb_in_slice and slice_type.
    private static func slice(_ body: UnsafeRawBufferPointer) -> SliceFacts {
        var reader = BitReader(body)
        guard let first = reader.exponentialGolomb(), let type = reader.exponentialGolomb() else {
            return SliceFacts(kind: .dependent, startsPicture: body.first.map { $0 & 0x80 != 0 } ?? true)
        }
        // I and SI; 5 more if all slices of the picture have the same type.
        return SliceFacts(kind: type % 5 == 2 || type % 5 == 4 ? .recovery : .dependent, startsPicture: first == 0)
    }

    static func identify(_ kind: ParameterSetKind, body: UnsafeRawBufferPointer) -> (id: Int, extraSliceBits: Int)? {
        var reader = BitReader(body)
        // Profile, constraints and level precede the identifier of an SPS.
        if kind == .sequence { _ = reader.bits(24) }
        guard let id = reader.exponentialGolomb(), id <= (kind == .sequence ? 31 : 255) else { return nil }
        return (Int(id), 0)
    }
}
