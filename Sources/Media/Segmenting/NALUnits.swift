import Encodings

/// Looks at the NAL units of H.264 and H.265 packets (ITU-T H.264 7.4.1, H.265 7.4.2.2).
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

    /// The use of a unit.
    enum Kind: Equatable {
        case slice(FrameKind)
        case parameters
        /// Delimiters and filler, which a file does not need: it has lengths.
        case padding
        case other

        init(_ header: UInt8, codec: VideoCodec) {
            self = codec == .h264 ? Self.h264(header & 0x1F) : Self.h265(header >> 1 & 0x3F)
        }

        private static func h264(_ type: UInt8) -> Kind {
            switch type {
            case 5: .slice(.idr)
            case 1...4: .slice(.recovery)
            case 7, 8: .parameters
            case 9, 12: .padding
            default: .other
            }
        }

        private static func h265(_ type: UInt8) -> Kind {
            switch type {
            case 16...20: .slice(.idr)
            case 0...31: .slice(.recovery)
            case 32...34: .parameters
            case 35, 38: .padding
            default: .other
            }
        }
    }

    /// Classifies a packet that its source calls a key packet, up to its first slice.
    static func inspect(_ bytes: UnsafeRawBufferPointer, codec: VideoCodec, framing: Framing) -> KeyPacketFacts {
        guard codec.hasUnits else { return KeyPacketFacts(kind: .idr) }
        var facts = KeyPacketFacts(kind: .recovery)
        var position = 0
        while let start = next(in: bytes, from: &position, framing: framing) {
            guard let first = start.first else { continue }
            switch Kind(first, codec: codec) {
            case .slice(let frame):
                facts.kind = frame
                facts.isClean = codec == .h265 && first >> 1 & 0x3F == 21
                return facts
            case .parameters:
                facts.sets.append(Array(start))
            case .padding, .other:
                continue
            }
        }
        return facts
    }

    /// The units in bytes of that framing.
    static func units(in bytes: [UInt8], framing: Framing) -> [[UInt8]] {
        bytes.withUnsafeBytes { bytes in
            var units: [[UInt8]] = []
            var position = 0
            while let unit = next(in: bytes, from: &position, framing: framing) { units.append(Array(unit)) }
            return units
        }
    }

    /// The next unit, without start code, length, or zeros behind it.
    static func next(
        in bytes: UnsafeRawBufferPointer,
        from position: inout Int,
        framing: Framing
    ) -> UnsafeRawBufferPointer? {
        switch framing {
        case .lengths(let width):
            guard position + width <= bytes.count else { return nil }
            var length = 0
            for index in 0..<width { length = length << 8 | Int(bytes[position + index]) }
            let start = position + width
            // A length that lies ends with the packet.
            position = min(start + length, bytes.count)
            return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        case .annexB:
            guard let code = bytes.startCode(from: position) else { return nil }
            let start = code + 3
            let end = bytes.startCode(from: start) ?? bytes.count
            position = end
            var last = end
            while last > start, bytes[last - 1] == 0 { last -= 1 }
            return UnsafeRawBufferPointer(rebasing: bytes[start..<last])
        }
    }
}

extension VideoCodec {
    /// True if its frames consist of NAL units.
    var hasUnits: Bool { self == .h264 || self == .h265 }
}
