public import Encodings

/// Packets of Opus from RTP (RFC 7587); the clock is 48 kHz whatever the audio is.
public struct OpusDepacketizer: Depacketizer {
    private var writer: UnitWriter

    /// Creates a depacketizer.
    public init(limits: DepacketizerLimits = DepacketizerLimits()) {
        writer = UnitWriter(limits: limits)
    }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { writer.statistics }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        guard delivery.stage == .arrived else { return nil }
        delivery.stage = .done
        writer.arrive(delivery, in: buffer)
        let payload = delivery.packet.payload
        guard let duration = Self.duration(payload) else {
            if !payload.isEmpty { writer.statistics.malformed += 1 }
            return nil
        }
        try writer.append(payload, to: buffer)
        return writer.end(in: buffer, timestamp: delivery.timestamp, duration: duration).map { .frame($0) }
    }

    /// Returns a packet's length in ticks of 48 kHz (RFC 6716, 3.1 and 3.2), or nil if it is longer than 120 ms allow.
    private static func duration(_ packet: UnsafeRawBufferPointer) -> Int64? {
        guard let first = packet.first else { return nil }
        let configuration = Int(first >> 3)
        let frame: Int64 =
            switch configuration {
            // SILK and hybrid frames of 10 to 60 ms, CELT frames of 2.5 to 20 ms.
            case 0..<12: [480, 960, 1920, 2880][configuration & 3]
            case 12..<16: configuration & 1 == 0 ? 480 : 960
            default: 120 << Int64(configuration & 3)
            }
        let count: Int64
        switch first & 3 {
        case 0: count = 1
        case 1, 2: count = 2
        default:
            guard packet.count >= 2 else { return nil }
            count = Int64(packet[1] & 0x3F)
        }
        let duration = frame * count
        return duration > 0 && duration <= 5760 ? duration : nil
    }
}
