public import Encodings

/// Assembles frames from the packets of one track.
///
/// For each delivery the caller asks for events until there are none:
///
///     while let event = try depacketizer.next(from: &delivery, into: buffer) { … }
///
/// Bytes of the present frame are appended to `buffer`; between two events nobody else may append to it or truncate it.
/// Frames follow each other in the buffer in the order of their events.
public protocol Depacketizer: Sendable {
    /// Counters of what was left out.
    var statistics: DepacketizerStatistics { get }

    /// The newest parameter sets, from the session description and from the packets; empty for codecs that have none.
    var parameterSets: ParameterSets { get }

    /// Reads on in a delivery and returns what has begun or ended, or nil when all of it is read.
    ///
    /// - Throws: If a limit is exceeded. The frame is forgotten then, and its bytes are taken out of the buffer.
    mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent?

    /// Moves the bytes of the present frame to the end of another buffer, into which all that follows goes.
    ///
    /// This is how a key frame comes to begin a new fragment: called after `began` there are few bytes to move, if any.
    mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer)

    /// Ends the present frame, since no packet follows; what is not whole of it is left out.
    mutating func finish(in buffer: ByteBuffer) -> CodedFrame?
}

extension Depacketizer {
    /// None.
    public var parameterSets: ParameterSets { ParameterSets() }

    /// Does nothing: a frame of this kind is complete with its event.
    public mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {}

    /// Returns nothing: a frame of this kind is complete with its event.
    public mutating func finish(in buffer: ByteBuffer) -> CodedFrame? { nil }
}

/// A step on the way from packets to frames.
public enum FrameEvent: Hashable, Sendable {
    /// The first slice of a frame has come; its bytes follow. Audio has no such event.
    ///
    /// A frame that has begun never ends if packets that it needs are lost.
    case began(FrameStart)
    /// A frame is complete.
    case frame(CodedFrame)
}

/// The use of a frame for somebody who begins with it.
public enum FrameKind: UInt8, Hashable, Sendable {
    /// Decoding can start here, and nothing after it looks back: IDR and BLA pictures, JPEG, audio.
    case idr
    /// A clean random access picture of H.265: as good as an IDR picture if the stream is not reordered.
    case cra
    /// Decoding can start here with care: a recovery point, or slices that all are intra coded.
    case recovery
    /// Needs frames before it.
    case dependent
}

/// The beginning of a frame, as far as its first slice tells it.
public struct FrameStart: Hashable, Sendable {
    /// The kind that the frame has unless later slices show that it is dependent.
    public var kind: FrameKind
    /// In ticks of the track's clock, without wrap-around.
    public var timestamp: Int64
    /// The kinds of parameter sets whose bytes have changed since the frame before.
    public var changedParameterSets: ParameterSetKinds
    /// The size of the frame, where no parameter set has it.
    public var size: FrameSize?
    /// Indicates that packets are missing before the frame.
    public var isAfterGap = false
    /// Indicates that the timestamp has no relation to that of the frame before.
    public var isRestart = false

    /// Creates the beginning of a frame.
    public init(kind: FrameKind, timestamp: Int64, changedParameterSets: ParameterSetKinds = []) {
        self.kind = kind
        self.timestamp = timestamp
        self.changedParameterSets = changedParameterSets
    }
}

/// A complete frame of video or audio.
public struct CodedFrame: Hashable, Sendable {
    /// The place of its bytes in the buffer: NAL units with four bytes of length before each, or the audio codec's bytes.
    public var range: Range<Int>
    /// In ticks of the track's clock, without wrap-around.
    public var timestamp: Int64
    /// The length in ticks of the track's clock; 0 if the packets do not tell it, as with video.
    public var duration: Int64
    /// The use of the frame for somebody who begins with it.
    public var kind: FrameKind
    /// Indicates that parts of the frame are missing.
    public var isDamaged = false
    /// Indicates that packets are missing before the frame, and perhaps whole frames with them.
    public var isAfterGap = false
    /// Indicates that the timestamp has no relation to that of the frame before.
    public var isRestart = false
    /// Indicates that parameter sets came with the frame, changed or not.
    public var hasParameterSets = false

    /// Creates a frame of which nothing is missing.
    public init(range: Range<Int>, timestamp: Int64, duration: Int64 = 0, kind: FrameKind) {
        self.range = range
        self.timestamp = timestamp
        self.duration = duration
        self.kind = kind
    }
}

/// Counters of what a depacketizer left out.
public struct DepacketizerStatistics: Hashable, Sendable {
    /// Frames that were delivered with parts missing.
    public var damagedFrames = 0
    /// Frames of which nothing could be delivered.
    public var droppedFrames = 0
    /// Payloads or parts of payloads that break the rules of their format.
    public var malformed = 0
    /// Units that no recording needs: delimiters, filler, private and scalable extensions.
    public var ignoredUnits = 0
    /// Units with a start code inside, which were taken apart.
    public var annexBUnits = 0
}

/// Bounds of what one frame may be.
public struct DepacketizerLimits: Hashable, Sendable {
    /// The most bytes of a frame.
    public var frameBytes: Int
    /// The most NAL units of a frame.
    public var frameUnits: Int
    /// The most bytes of a parameter set; larger ones are left out.
    public var parameterSetBytes: Int

    /// Creates limits; the standard ones are far above what cameras send.
    public init(frameBytes: Int = 8 << 20, frameUnits: Int = 8192, parameterSetBytes: Int = 4096) {
        self.frameBytes = max(frameBytes, 1)
        self.frameUnits = max(frameUnits, 1)
        self.parameterSetBytes = max(parameterSetBytes, 1)
    }
}
