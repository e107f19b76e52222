public import Encodings

/// Access units of AAC in LATM from RTP (RFC 6416: MP4A-LATM with its configuration in the session description).
public struct LATMDepacketizer: Depacketizer {
    private let duration: Int64
    private var writer: UnitWriter
    /// The size of the unit whose fragments come.
    private var expected = 0
    private var expectedTimestamp: Int64 = 0
    /// The number of the next unit of the present packet.
    private var index: Int64 = 0

    /// Creates a depacketizer.
    ///
    /// - Parameters:
    ///   - duration: Ticks of the track's clock per unit.
    ///   - limits: Bounds of what one unit may be.
    public init(duration: Int64 = 1024, limits: DepacketizerLimits = DepacketizerLimits()) {
        self.duration = min(max(duration, 1), 1 << 24)
        writer = UnitWriter(limits: limits)
    }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { writer.statistics }

    /// Returns the AudioSpecificConfig inside a StreamMuxConfig (a=fmtp, config).
    ///
    /// Its end is known for AAC-LC and HE-AAC; with other types there may be bytes behind it that mean nothing.
    ///
    /// - Returns: Nil if there are several programs, layers or streams, or fields that nobody sends (ISO/IEC 14496-3, 1.7.3).
    public static func audioConfiguration(ofStream bytes: [UInt8]) -> [UInt8]? {
        // audioMuxVersion 0, allStreamsSameTimeFraming 1, numSubFrames any, numProgram 0, numLayer 0: 15 bits.
        guard bytes.count >= 4, bytes[0] & 0xC0 == 0x40, bytes[1] & 0xFE == 0 else { return nil }
        let all = (2...bytes.count).map { place in
            bytes[place - 1] << 7 | (place < bytes.count ? bytes[place] : 0) >> 1
        }
        // Type, frequency, channels and three flags are 16 bits; SBR and PS add a frequency and a type.
        let hasOwnFrequency = all[0] & 7 == 7 && all[1] & 0x80 != 0
        switch all[0] >> 3 {
        case 2 where !hasOwnFrequency: return Array(all.prefix(2))
        case 5 where !hasOwnFrequency, 29 where !hasOwnFrequency: return Array(all.prefix(4))
        default: return all
        }
    }

    /// Moves the bytes of the present unit to the end of another buffer.
    public mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {
        writer.move(from: old, to: new)
    }

    /// Gives up the present unit, of which parts are missing.
    public mutating func finish(in buffer: ByteBuffer) -> CodedFrame? {
        writer.drop(in: buffer)
        return nil
    }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        if delivery.stage == .arrived {
            writer.arrive(delivery, in: buffer)
            delivery.stage = .reading
            index = 0
        }
        let payload = delivery.packet.payload
        if writer.pendingStart != nil, delivery.timestamp != expectedTimestamp { writer.drop(in: buffer) }
        while delivery.stage == .reading, delivery.offset < payload.count {
            if writer.pendingStart == nil {
                guard let size = Self.size(payload, &delivery.offset) else { break }
                guard size > 0 else { continue }
                expected = size
                expectedTimestamp = delivery.timestamp &+ index &* duration
            }
            let rest = payload.from(delivery.offset)
            let part = min(expected - writer.pendingCount(in: buffer), rest.count)
            guard part > 0 else { break }
            try writer.append(UnsafeRawBufferPointer(rebasing: rest[..<part]), to: buffer)
            delivery.offset += part
            guard writer.pendingCount(in: buffer) >= expected else { break }
            index += 1
            if let frame = writer.end(in: buffer, timestamp: expectedTimestamp, duration: duration) {
                return .frame(frame)
            }
        }
        delivery.stage = .done
        return nil
    }

    /// Reads a unit's size, coded as a row of 255s and a rest (PayloadLengthInfo).
    private static func size(_ payload: UnsafeRawBufferPointer, _ offset: inout Int) -> Int? {
        var size = 0
        while offset < payload.count {
            let byte = payload[offset]
            offset += 1
            size += Int(byte)
            if byte != 255 { return size }
        }
        return nil
    }
}
