/// Decides where one segment ends and the next begins.
///
/// A pure value. Cuts lie on IDR frames, at or after the wanted length, and at least a second apart whatever the camera
/// sends. A stream that has had no IDR frame for long is cut at recovery points. One that has neither is cut at any frame
/// at twice the wanted length, so that something leaves the machine: such a segment is *dependent* on the one before it.
/// While the time of a frame is not known, a segment that could end with it waits.
public struct Segmenter: Sendable {
    /// Reasons for the end of a segment.
    public enum Reason: String, Hashable, Sendable {
        /// It is long enough.
        case duration
        /// The parameter sets changed, so that a new init section is needed.
        case parameters
        /// It is far longer or larger than wanted.
        case oversize
        /// The source's clock jumped, or nothing was captured for a while; the next segment begins clean.
        case clock
    }

    /// Decisions before a frame is written.
    public enum Decision: Hashable, Sendable {
        /// Write it into the present segment.
        case keep
        /// End the present segment; the frame begins the next.
        case cut(Reason)
    }

    /// Degrees to which the time of a frame is known.
    public enum TimeKnowledge: Hashable, Sendable {
        /// It is right.
        case known
        /// It may be wrong by more than a tenth of a second: a segment that is shorter than others by a quarter waits.
        case unsure
        /// It is likely to be wrong, and will be known soon: a segment waits as long as it can.
        case unknown
    }

    /// The facts of a frame that matter for cutting.
    public struct Frame: Hashable, Sendable {
        /// Decode time, in 1/90000 s.
        public var decode: Int64
        /// When it came, in nanoseconds of a monotonic clock.
        public var arrival: Int64
        /// The use of the frame as a starting point.
        public var kind: FrameKind
        /// True if other parameter sets apply to it than those of the present segment.
        public var changesParameters: Bool
        /// True if the clock was joined since the present segment began.
        public var clockJumped: Bool
        /// True if nothing was captured between the frame before and this one.
        public var isAfterHole = false
        /// How many bytes the present segment has.
        public var segmentBytes: Int
        /// How long a frame lasts, in 1/90000 s.
        public var duration: Int64
        /// The degree to which its time is known.
        public var time = TimeKnowledge.known

        /// Creates a frame's facts.
        public init(
            decode: Int64,
            arrival: Int64,
            kind: FrameKind,
            changesParameters: Bool = false,
            clockJumped: Bool = false,
            segmentBytes: Int = 0,
            duration: Int64 = 3600
        ) {
            self.decode = decode
            self.arrival = arrival
            self.kind = kind
            self.changesParameters = changesParameters
            self.clockJumped = clockJumped
            self.segmentBytes = segmentBytes
            self.duration = duration
        }
    }

    private static let second: Int64 = 90_000
    /// The size from which a segment is cut at the next frame that can begin one, and from which at any.
    private static let bytesLimit = 64 << 20
    private static let forcedBytesLimit = 256 << 20
    /// Cuts a second by arrival, and how many more at once: a network that was stuck delivers several segments together,
    /// but timestamps that race must not make files by the hundred.
    private static let cutInterval: Int64 = 1_000_000_000
    private static let cutBurst: Int64 = 4

    /// The wanted length of a segment, in 1/90000 s.
    public let target: Int64
    /// True if the present segment begins with a frame that depends on frames before it.
    public private(set) var isDependent = false
    private var begin: Int64?
    private var length: Int64
    /// The last IDR frame, or where the recording began.
    private var lastInstant: Int64?
    /// The time between the last two IDR frames.
    private var interval: Int64?
    /// The arrival from which a cut is allowed again.
    private var earliestCut = Int64.min

    /// Creates a segmenter.
    ///
    /// - Parameters:
    ///   - seconds: The wanted length of a segment, 1 to 3600.
    ///   - firstSeconds: The wanted length of the first one, so that many cameras do not cut together.
    public init(seconds: Double, firstSeconds: Double? = nil) {
        func ticks(_ seconds: Double) -> Int64 { Int64(min(max(seconds, 1), 3600) * 90_000) }
        target = ticks(seconds)
        length = firstSeconds.map(ticks) ?? target
    }

    /// How long a stream may go without an IDR frame before recovery points count as one, in 1/90000 s.
    private var patience: Int64 { min(30 * Self.second, target * 3 / 2) }

    /// Returns true if a recording can begin with this frame, `waited` seconds after the stream began.
    ///
    /// After twice the wanted length any frame will do: what a decoder makes of a stream without key frames is better than
    /// nothing.
    public func canBegin(with kind: FrameKind, waited: Double) -> Bool {
        let ticks = waited * 90_000
        return switch kind {
        case .idr: true
        case .recovery: ticks >= Double(patience)
        case .dependent: ticks >= Double(2 * target)
        }
    }

    /// Takes note that a segment began with this frame.
    public mutating func began(with frame: Frame) {
        if begin != nil { length = target }
        begin = frame.decode
        isDependent = frame.kind == .dependent
        if frame.kind == .idr || lastInstant == nil { lastInstant = frame.decode }
        let burst = frame.arrival.subtractingReportingOverflow(Self.cutBurst * Self.cutInterval)
        let next = max(earliestCut, burst.overflow ? .min : burst.partialValue) + Self.cutInterval
        // Segments that were given up because they could not be written are not held against those that follow.
        let latest = frame.arrival.addingReportingOverflow(Self.cutInterval)
        earliestCut = min(next, latest.overflow ? .max : latest.partialValue)
    }

    /// Decides about the next frame.
    public mutating func decide(_ next: Frame) -> Decision {
        guard let begin else { return .keep }
        let elapsed = next.decode - begin
        let isStart = next.kind == .idr || next.kind == .recovery && isPatienceOver(next.decode)
        if next.kind == .idr {
            interval = lastInstant.map { next.decode - $0 }
            lastInstant = next.decode
        }
        guard elapsed >= Self.second, next.arrival >= earliestCut else { return .keep }
        // What a segment spans is footage.
        if next.isAfterHole { return .cut(.clock) }
        if next.changesParameters, next.kind != .dependent { return .cut(.parameters) }
        if waits(for: next, after: begin) { return .keep }
        if isStart, next.clockJumped { return .cut(.clock) }
        // From here on segments stand alone again.
        if isStart, elapsed >= length - next.duration / 2 || isDependent { return .cut(.duration) }
        if next.kind != .dependent, next.segmentBytes >= Self.bytesLimit { return .cut(.oversize) }
        if next.segmentBytes >= Self.forcedBytesLimit { return .cut(.oversize) }
        return elapsed + next.duration > 2 * target && !isAwaited(at: next.decode, after: begin)
            ? .cut(.oversize) : .keep
    }

    /// Returns true if a segment goes on until the time of its end is known.
    private func waits(for next: Frame, after begin: Int64) -> Bool {
        guard next.segmentBytes < Self.bytesLimit else { return false }
        let isShort = 4 * (next.decode - begin) <= 3 * target
        return switch next.time {
        case .known: false
        case .unsure: isShort
        case .unknown: isShort || isAwaited(at: next.decode, after: begin)
        }
    }

    /// Returns true if an IDR frame is to be expected soon enough to end the present segment, at twice the wanted length or so: clocks
    /// and cameras are not exact to a frame.
    private func isAwaited(at decode: Int64, after begin: Int64) -> Bool {
        guard let lastInstant, let interval else { return false }
        let (next, slack) = (lastInstant + interval, Self.second / 2)
        return decode < next + slack && next <= begin + 2 * target + slack
    }

    private func isPatienceOver(_ decode: Int64) -> Bool {
        decode - (lastInstant ?? decode) >= patience
    }
}
