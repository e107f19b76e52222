public import Encodings

/// Audio whose packets are frames already: G.711, G.726, L8, L16 and L24 (RFC 3551, 4.5).
///
/// The bytes stay as they are: L16 and L24 most significant byte first, G.726 in the order of its payload type.
public struct SampleDepacketizer: Depacketizer {
    private let bitsPerTick: Int64
    private var writer: UnitWriter

    /// Creates a depacketizer.
    ///
    /// - Parameters:
    ///   - bitsPerSample: 8 for G.711, 2 to 5 for G.726, 16 for L16.
    ///   - channels: The number of channels.
    ///   - limits: Bounds of what one packet may be.
    public init(bitsPerSample: Int, channels: Int = 1, limits: DepacketizerLimits = DepacketizerLimits()) {
        bitsPerTick = Int64(min(max(bitsPerSample, 1), 64)) * Int64(min(max(channels, 1), 64))
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
        let duration = Int64(payload.count) * 8 / bitsPerTick
        guard duration > 0 else {
            if !payload.isEmpty { writer.statistics.malformed += 1 }
            return nil
        }
        try writer.append(payload, to: buffer)
        return writer.end(in: buffer, timestamp: delivery.timestamp, duration: duration).map { .frame($0) }
    }
}
