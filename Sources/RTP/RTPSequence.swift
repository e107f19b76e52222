/// The sequence numbers of one track: which packets are lost, doubled or late, and when the camera began a new series.
///
/// Follows RFC 3550, appendix A.1, with two differences. A new series, that is another source or numbers far from the
/// expected ones, is accepted at its second packet whenever it begins. And over a transport that keeps order, numbers
/// that do not count up are ignored after a few packets, because players play such cameras too.
public struct RTPSequence: Sendable {
    /// The meaning of a packet's number.
    public enum Verdict: Hashable, Sendable {
        /// The packet follows the one before it; so many are missing between them.
        case next(missing: Int)
        /// The packet came before.
        case duplicate
        /// The packet had been given up.
        case late
        /// Perhaps the packet begins a new series: the next one decides.
        case candidate
        /// The packet confirms a new series, to which the candidate before it belongs.
        case restarted
    }

    /// Counters that never go back.
    public struct Statistics: Hashable, Sendable {
        /// Packets that were accepted.
        public var accepted = 0
        /// Packets that did not come before their successors.
        public var missing = 0
        /// Packets that came after they had been given up.
        public var late = 0
        /// Packets that came again.
        public var duplicates = 0
        /// Candidates for a new series that nothing followed.
        public var strays = 0
        /// Series that took the place of another.
        public var restarts = 0
    }

    /// Numbers up to so far ahead are a gap (MAX_DROPOUT).
    static let largestGap = 3000
    /// Numbers up to so far back are late (MAX_MISORDER).
    static let largestDelay = 100
    /// So many useless packets in a row, and numbers are ignored.
    static let patience = 8
    /// So many packets in order, and numbers count again; and so many of a series make its predecessor forgotten.
    private static let trust = 16
    private static let memory = 1000

    /// Counters that never go back.
    public private(set) var statistics = Statistics()
    /// The source of the present series, once there was a packet.
    public private(set) var source: UInt32?
    /// The highest number of the present series, with its wrap-arounds counted above the lower 16 bits.
    public private(set) var highest: Int64 = 0
    /// Indicates that the camera's numbers carry no order, so that every packet is accepted.
    public private(set) var isIgnored = false

    private let keepsOrder: Bool
    private var first: Int64 = 0
    /// Bit n is set if the packet `highest - n` came.
    private var history: UInt64 = 0
    /// Packets of the series as receiver reports count them: with duplicates and late ones.
    private var received: Int64 = 0
    private var reportedExpected: Int64 = 0
    private var reportedReceived: Int64 = 0

    private var candidate: (source: UInt32, last: UInt16, count: Int)?
    private var abandoned: UInt32?
    private var returnLength = 2
    private var useless = 0
    private var ordered = 0

    /// Creates the state before the first packet of a track.
    ///
    /// - Parameter keepsOrder: True for TCP, where packets come in the order in which the camera sent them.
    public init(keepsOrder: Bool = true) {
        self.keepsOrder = keepsOrder
    }

    /// Judges the next packet and counts it.
    public mutating func receive(sequence: UInt16, source packetSource: UInt32) -> Verdict {
        guard let source else {
            begin(sequence, of: packetSource)
            statistics.accepted += 1
            return .next(missing: 0)
        }
        let step = Int(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: highest)))
        guard packetSource == source, step == 1 else {
            return receiveUnexpected(sequence, of: packetSource, step: packetSource == source ? step : nil)
        }
        highest &+= 1
        history = history << 1 | 1
        received &+= 1
        statistics.accepted &+= 1
        if candidate != nil || useless != 0 || isIgnored { settle() }
        return .next(missing: 0)
    }

    private mutating func receiveUnexpected(_ sequence: UInt16, of source: UInt32, step: Int?) -> Verdict {
        if isIgnored { return ignore(sequence, of: source) }
        guard let step, step <= Self.largestGap, step > -Self.largestDelay else {
            return nominate(sequence, of: source)
        }
        if step > 0 {
            settle()
            highest &+= Int64(step)
            history = step < 64 ? history << UInt64(step) | 1 : 1
            received &+= 1
            statistics.accepted &+= 1
            statistics.missing &+= step - 1
            return .next(missing: step - 1)
        }
        received &+= 1
        if isUseless() { return ignore(sequence, of: source) }
        let bit: UInt64 = step > -64 ? 1 << UInt64(-step) : 0
        if history & bit != 0 {
            statistics.duplicates += 1
            return .duplicate
        }
        history |= bit
        statistics.late += 1
        return .late
    }

    /// Takes note of a packet far from the expected one.
    private mutating func nominate(_ sequence: UInt16, of packetSource: UInt32) -> Verdict {
        // A source that was left a moment ago has to send more than two: two cameras on one channel would alternate.
        let isReturn = packetSource != source && packetSource == abandoned && highest - first < Int64(Self.memory)
        if let last = candidate, last.source == packetSource, last.last &+ 1 == sequence {
            guard last.count + 1 >= (isReturn ? returnLength : 2) else {
                candidate = (packetSource, sequence, last.count + 1)
                return .candidate
            }
            returnLength = isReturn ? min(returnLength * 2, 64) : 4
            abandoned = packetSource != source ? source : nil
            candidate = nil
            useless = 0
            begin(sequence &- 1, of: packetSource)
            highest &+= 1
            history = 3
            received = 2
            statistics.accepted += 2
            statistics.restarts += 1
            return .restarted
        }
        if let candidate { statistics.strays += candidate.count }
        candidate = nil
        if isUseless() { return ignore(sequence, of: packetSource) }
        candidate = (packetSource, sequence, 1)
        return .candidate
    }

    /// Counts a packet that is of no use; returns true if there were so many in a row that numbers mean nothing.
    private mutating func isUseless() -> Bool {
        useless += 1
        guard keepsOrder, useless >= Self.patience else { return false }
        isIgnored = true
        ordered = 0
        return true
    }

    /// Accepts a packet whatever its number.
    private mutating func ignore(_ sequence: UInt16, of source: UInt32) -> Verdict {
        // The packets that were refused before numbers came to be ignored are missing.
        let refused = max(useless - 1, 0)
        begin(sequence, of: source)
        ordered = 0
        useless = 0
        statistics.accepted += 1
        return .next(missing: refused)
    }

    /// Forgets what looked like a new series, since the present one goes on.
    private mutating func settle() {
        if let candidate { statistics.strays += candidate.count }
        candidate = nil
        useless = 0
        guard isIgnored else { return }
        ordered += 1
        if ordered >= Self.trust { isIgnored = false }
    }

    private mutating func begin(_ sequence: UInt16, of source: UInt32) {
        self.source = source
        first = Int64(sequence)
        highest = first
        history = 1
        received = 1
        reportedExpected = 0
        reportedReceived = 0
    }

    /// Returns the numbers of a receiver report (RFC 3550, A.3) and begins its next interval.
    mutating func takeReport() -> (fractionLost: UInt8, totalLost: Int32, highest: UInt32) {
        guard source != nil else { return (0, 0, 0) }
        let expected = highest - first + 1
        let interval = expected - reportedExpected
        let lost = interval - (received - reportedReceived)
        reportedExpected = expected
        reportedReceived = received
        let fraction = interval > 0 && lost > 0 ? UInt8(clamping: lost * 256 / interval) : 0
        // 24 bits with a sign; duplicates may make it negative.
        let total = Int32(max(-0x80_0000, min(expected - received, 0x7F_FFFF)))
        return (fraction, total, UInt32(truncatingIfNeeded: highest))
    }
}
