/// Looks at the NAL units at the start of H.264 and H.265 packets (ITU-T H.264 7.4.1, H.265 7.4.2.2).
enum NALUnits {
    /// How the units of a stream are set apart.
    enum Framing: Equatable {
        /// Start codes.
        case annexB
        /// A big-endian length of so many bytes before each.
        case lengths(Int)

        /// As the parameters of a track imply: a configuration record means lengths.
        init(codec: VideoCodec, parameters: [UInt8]) {
            switch codec {
            case .h264 where parameters.count > 6 && parameters[0] == 1: self = .lengths(Int(parameters[4] & 3) + 1)
            case .h265 where parameters.count > 22 && parameters[0] == 1: self = .lengths(Int(parameters[21] & 3) + 1)
            default: self = .annexB
            }
        }
    }

    /// Classifies a packet that its source calls a key packet, up to its first slice.
    static func inspect(_ bytes: UnsafeRawBufferPointer, codec: VideoCodec, framing: Framing) -> KeyPacketFacts {
        guard codec == .h264 || codec == .h265 else { return KeyPacketFacts(kind: .idr) }
        var facts = KeyPacketFacts(kind: .recovery)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var position = 0
        func kind(_ first: UInt8) -> Kind { codec == .h264 ? h264(first & 0x1F) : h265(first >> 1 & 0x3F) }
        while let unit = next(in: bytes, from: &position, framing: framing, kind: kind) {
            guard let first = bytes[unit].first else { continue }
            switch kind(first) {
            case .slice(let frame):
                facts.kind = frame
                facts.isClean = codec == .h265 && first >> 1 & 0x3F == 21
                return facts
            case .parameters(let isPicture):
                facts.parameters += [0, 0, 0, 1]
                facts.parameters.append(contentsOf: bytes[unit])
                guard !isPicture else { continue }
                for byte in bytes[unit] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                facts.identity = hash
            case .other:
                continue
            }
        }
        return facts
    }

    /// The hash of VPS and SPS in Annex B parameters, as `inspect` computes it for packets.
    static func identity(ofAnnexB parameters: [UInt8], codec: VideoCodec) -> UInt64 {
        parameters.withUnsafeBytes { inspect($0, codec: codec, framing: .annexB).identity }
    }

    private enum Kind {
        case slice(FrameKind)
        case parameters(isPicture: Bool)
        case other
    }

    private static func h264(_ type: UInt8) -> Kind {
        switch type {
        case 5: .slice(.idr)
        case 1...4: .slice(.recovery)
        case 7: .parameters(isPicture: false)
        case 8: .parameters(isPicture: true)
        default: .other
        }
    }

    private static func h265(_ type: UInt8) -> Kind {
        switch type {
        case 16...20: .slice(.idr)
        case 0...31: .slice(.recovery)
        case 32, 33: .parameters(isPicture: false)
        case 34: .parameters(isPicture: true)
        default: .other
        }
    }

    /// The range of the next unit's bytes, without start code or length.
    private static func next(
        in bytes: UnsafeRawBufferPointer,
        from position: inout Int,
        framing: Framing,
        kind: (UInt8) -> Kind
    ) -> Range<Int>? {
        switch framing {
        case .lengths(let width):
            guard position + width <= bytes.count else { return nil }
            var length = 0
            for index in 0..<width { length = length << 8 | Int(bytes[position + index]) }
            let start = position + width
            guard length <= bytes.count - start else { return nil }
            position = start + length
            return start..<position
        case .annexB:
            guard let start = startCode(bytes, from: position) else { return nil }
            // A slice ends the inspection and is most of the packet; its end is not needed.
            if start < bytes.count, case .slice = kind(bytes[start]) { return start..<bytes.count }
            let end = startCode(bytes, from: start).map { $0 - 3 } ?? bytes.count
            position = end
            var last = end
            while last > start, bytes[last - 1] == 0 { last -= 1 }
            return start..<last
        }
    }

    /// The place after the next 00 00 01.
    private static func startCode(_ bytes: UnsafeRawBufferPointer, from: Int) -> Int? {
        var index = from
        while index + 2 < bytes.count {
            if bytes[index + 2] > 1 {
                index += 3
            } else if bytes[index] == 0 && bytes[index + 1] == 0 && bytes[index + 2] == 1 {
                return index + 3
            } else {
                index += 1
            }
        }
        return nil
    }
}
