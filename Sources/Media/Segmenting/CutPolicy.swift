/// Decides where one segment ends and the next begins.
///
/// A pure value. Cuts lie on IDR frames, at or after the wanted length. A stream that has had no IDR frame for long is cut at
/// recovery points; one that has neither is not cut here, so that every packet stays decodable.
public struct CutPolicy: Sendable {
    /// Reasons for the end of a segment.
    public enum Reason: String, Hashable, Sendable {
        /// It is long enough.
        case duration
        /// The parameter sets changed, so that a new init section is needed.
        case parameters
        /// It is far longer or larger than wanted.
        case oversize
        /// The source's clock jumped; the next segment begins clean.
        case clock
    }

    /// Decisions before a frame is written.
    public enum Decision: Hashable, Sendable {
        /// Write it into the present segment.
        case keep
        /// End the present segment; the frame begins the next.
        case cut(Reason)
    }

    /// The facts of a frame that matter for cutting.
    public struct Frame: Hashable, Sendable {
        /// Decode time, in 1/90000 s.
        public var decode: Int64
        /// True if decoding can start with it.
        public var kind: FrameKind
        /// True if it brings other parameter sets than those of the present segment.
        public var changesParameters: Bool
        /// True if the clock was joined since the present segment began.
        public var clockJumped: Bool
        /// How many bytes the present segment has.
        public var segmentBytes: Int
        /// How long a frame lasts, in 1/90000 s.
        public var duration: Int64

        /// Creates a frame's facts.
        public init(
            decode: Int64,
            kind: FrameKind,
            changesParameters: Bool = false,
            clockJumped: Bool = false,
            segmentBytes: Int = 0,
            duration: Int64 = 3600
        ) {
            self.decode = decode
            self.kind = kind
            self.changesParameters = changesParameters
            self.clockJumped = clockJumped
            self.segmentBytes = segmentBytes
            self.duration = duration
        }
    }

    private static let second: Int64 = 90_000
    private static let bytesLimit = 64 << 20
    /// How long a stream may go without an IDR frame before recovery points count as one.
    private static let patience = 30 * second

    /// The wanted length of a segment, in 1/90000 s.
    public let target: Int64
    private var begin: Int64?
    private var length: Int64
    private var lastInstant: Int64?

    /// Creates a cutPolicy.
    ///
    /// - Parameters:
    ///   - seconds: The wanted length of a segment, 1 or more.
    ///   - firstSeconds: The wanted length of the first one, so that many cameras do not cut together.
    public init(seconds: Double, firstSeconds: Double? = nil) {
        target = max(Int64(seconds * 90_000), CutPolicy.second)
        length = firstSeconds.map { Int64($0 * 90_000) } ?? target
    }

    /// Returns true if a recording can begin with this frame at `waited` seconds after the stream began.
    public func canBegin(with kind: FrameKind, waited: Double) -> Bool {
        kind == .idr || kind == .recovery && waited >= 30
    }

    /// Notes that a segment began.
    public mutating func began(at decode: Int64, with kind: FrameKind) {
        if begin != nil { length = target }
        begin = decode
        if kind == .idr { lastInstant = decode }
    }

    /// Decides about the next frame.
    public mutating func decide(_ next: Frame) -> Decision {
        guard let begin else { return .keep }
        let elapsed = next.decode - begin
        let isStart = next.kind == .idr || next.kind == .recovery && isPatienceOver(next.decode)
        if next.kind == .idr { lastInstant = next.decode }
        if next.changesParameters, next.kind != .dependent { return .cut(.parameters) }
        if isStart, next.clockJumped { return .cut(.clock) }
        if isStart, elapsed >= length - next.duration / 2 { return .cut(.duration) }
        let limit = max(3 * target, 60 * CutPolicy.second)
        if next.kind != .dependent, elapsed >= limit || next.segmentBytes >= CutPolicy.bytesLimit {
            return .cut(.oversize)
        }
        return .keep
    }

    private func isPatienceOver(_ decode: Int64) -> Bool {
        decode - (lastInstant ?? begin ?? decode) >= CutPolicy.patience
    }
}
