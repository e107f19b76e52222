public import Encodings

/// Frames of H.264 from RTP (RFC 6184): single units, STAP-A and FU-A, and what cameras make of them.
///
/// SPS and PPS are kept in `parameterSets` and not in frames; delimiters and filler are left out, SEI stays.
public struct H264Depacketizer: Depacketizer {
    private var assembler: FrameAssembler<H264Syntax>

    /// Creates a depacketizer.
    ///
    /// - Parameters:
    ///   - parameterSets: NAL units of the session description (sprop-parameter-sets), with or without start codes.
    ///   - limits: Bounds of what one frame may be.
    public init(parameterSets: [[UInt8]] = [], limits: DepacketizerLimits = DepacketizerLimits()) {
        assembler = FrameAssembler(limits: limits)
        for unit in parameterSets { assembler.add(unit) }
    }

    /// The newest SPS and PPS.
    public var parameterSets: ParameterSets { assembler.parameterSets }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { assembler.statistics }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        try assembler.next(from: &delivery, into: buffer, hasDecodingOrder: false)
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
