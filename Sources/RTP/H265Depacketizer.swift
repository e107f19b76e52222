public import Encodings

/// Frames of H.265 from RTP (RFC 7798): single units, aggregation, fragments and PACI, and what cameras make of them.
///
/// VPS, SPS and PPS are kept in `parameterSets` and not in frames; delimiters and filler are left out, SEI stays.
public struct H265Depacketizer: Depacketizer {
    private var assembler: FrameAssembler<H265Syntax>
    private let hasDecodingOrder: Bool

    /// Creates a depacketizer.
    ///
    /// - Parameters:
    ///   - parameterSets: NAL units of the session description (sprop-vps, sprop-sps and sprop-pps), with or without
    ///     start codes.
    ///   - hasDecodingOrder: True if sprop-max-don-diff is not 0, so that payloads contain decoding order numbers.
    ///   - limits: Bounds of what one frame may be.
    public init(
        parameterSets: [[UInt8]] = [],
        hasDecodingOrder: Bool = false,
        limits: DepacketizerLimits = DepacketizerLimits()
    ) {
        self.hasDecodingOrder = hasDecodingOrder
        assembler = FrameAssembler(limits: limits)
        for unit in parameterSets { assembler.add(unit) }
    }

    /// The newest VPS, SPS and PPS.
    public var parameterSets: ParameterSets { assembler.parameterSets }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { assembler.statistics }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        try assembler.next(from: &delivery, into: buffer, hasDecodingOrder: hasDecodingOrder)
    }

    /// Moves the bytes of the present frame to the end of another buffer.
    public mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {
        assembler.moveFrame(from: old, to: new)
    }

    /// Ends the present frame, since no packet follows.
    public mutating func finish(in buffer: ByteBuffer) -> CodedFrame? {
        assembler.finish(in: buffer)
    }
}
