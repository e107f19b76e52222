public import Encodings

/// Frames of MPEG audio, layers I to III, from RTP (RFC 2250, 3.5); the clock is 90 kHz.
public struct MPEGAudioDepacketizer: Depacketizer {
    private var writer: UnitWriter
    // The frame that waits for parts.
    private var expected: MPEGAudioHeader?
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
                guard let header = MPEGAudioHeader(rest) else {
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
        guard offset != pending, pending == 0 || offset > 0 || MPEGAudioHeader(payload.from(4)) != nil else { return }
        writer.drop(in: buffer)
        guard offset > 0 else { return }
        // The beginning of this fragment's frame is missing.
        writer.statistics.malformed += 1
        delivery.stage = .done
    }
}
