public import Encodings

/// Frames of MPEG audio, layers I to III, from RTP (RFC 2250, 3.5); the clock is 90 kHz.
public struct MPEGAudioDepacketizer: Depacketizer {
    private var writer: UnitWriter
    // The frame that waits for parts.
    private var expected: Header?
    private var expectedTimestamp: Int64 = 0
    /// Ticks of the frames of the present packet that have been read.
    private var elapsed: Int64 = 0

    /// Creates a depacketizer.
    public init(limits: DepacketizerLimits = DepacketizerLimits()) {
        writer = UnitWriter(limits: limits)
    }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { writer.statistics }

    /// Moves the bytes of the present frame to the end of another buffer.
    public mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {
        writer.move(from: old, to: new)
    }

    /// Gives up the present frame, of which parts are missing.
    public mutating func finish(in buffer: ByteBuffer) -> CodedFrame? {
        writer.drop(in: buffer)
        return nil
    }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        let payload = delivery.packet.payload
        if delivery.stage == .arrived {
            writer.arrive(delivery, in: buffer)
            delivery.stage = .reading
            elapsed = 0
            begin(payload, &delivery, in: buffer)
        }
        while delivery.stage == .reading, delivery.offset < payload.count {
            let rest = payload.from(delivery.offset)
            if writer.pendingStart == nil {
                guard let header = Header(rest) else {
                    writer.statistics.malformed += 1
                    break
                }
                expected = header
                expectedTimestamp = delivery.timestamp &+ elapsed
                elapsed &+= header.duration
            }
            guard let expected else { break }
            let part = min(expected.size - writer.pendingCount(in: buffer), rest.count)
            guard part > 0 else { break }
            try writer.append(UnsafeRawBufferPointer(rebasing: rest[..<part]), to: buffer)
            delivery.offset += part
            guard writer.pendingCount(in: buffer) >= expected.size else { break }
            let frame = writer.end(in: buffer, timestamp: expectedTimestamp, duration: expected.duration)
            if let frame { return .frame(frame) }
        }
        delivery.stage = .done
        return nil
    }

    /// Reads the header of a packet: 16 unused bits and the offset of a fragment within its frame.
    private mutating func begin(
        _ payload: UnsafeRawBufferPointer,
        _ delivery: inout RTPDelivery,
        in buffer: ByteBuffer
    ) {
        guard payload.count > 4 else {
            if !payload.isEmpty { writer.statistics.malformed += 1 }
            delivery.stage = .done
            return
        }
        delivery.offset = 4
        let offset = Int(payload.bigEndian16(at: 2))
        let pending = writer.pendingCount(in: buffer)
        // Some cameras leave the offset at 0: what has no header goes on where the last packet ended.
        guard offset != pending, pending == 0 || offset > 0 || Header(payload.from(4)) != nil else { return }
        writer.drop(in: buffer)
        guard offset > 0 else { return }
        // The beginning of this fragment's frame is missing.
        writer.statistics.malformed += 1
        delivery.stage = .done
    }

    /// The header of a frame (ISO/IEC 11172-3, 2.4.2.3, and 13818-3).
    private struct Header {
        /// The frame's bytes, header included.
        let size: Int
        /// In ticks of 90 kHz.
        let duration: Int64

        /// Kilobits per second of versions 1 and 2 for layers I, II and III.
        private static let rates: [[Int]] = [
            [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        ]
        private static let frequencies = [44_100, 48_000, 32_000]

        /// Reads a header; nil if there is none, or one of a free format, whose size is not in it.
        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return nil }
            // Version 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5; layer 3 is I, 2 is II, 1 is III.
            let version = Int(bytes[1] >> 3 & 3)
            let layer = Int(bytes[1] >> 1 & 3)
            let rateIndex = Int(bytes[2] >> 4)
            let frequencyIndex = Int(bytes[2] >> 2 & 3)
            guard version != 1, layer != 0, (1...14).contains(rateIndex), frequencyIndex != 3 else { return nil }
            let isFirstVersion = version == 3
            let rate = Self.rates[(isFirstVersion ? 0 : 3) + 3 - layer][rateIndex] * 1000
            let frequency = Self.frequencies[frequencyIndex] >> (isFirstVersion ? 0 : version == 2 ? 1 : 2)
            let padding = Int(bytes[2] >> 1 & 1)
            let samples = layer == 3 ? 384 : layer == 1 && !isFirstVersion ? 576 : 1152
            size = layer == 3 ? (12 * rate / frequency + padding) * 4 : samples / 8 * rate / frequency + padding
            duration = Int64(samples * 90_000 / frequency)
        }
    }
}
