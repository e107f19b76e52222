import Encodings

/// Receives the packets of one track: puts them in order, finds gaps and restarts, and unwraps their timestamps.
///
/// Packets go through `receive`, which calls its closure with each packet that is ready, in order: mostly the one just
/// given, sometimes none, sometimes several. All times are nanoseconds of one monotonic clock.
public struct RTPReceiver: Sendable {
    /// The state of the sequence numbers, with counters of what was lost.
    public private(set) var sequence: RTPSequence
    /// The clock that unwraps the track's timestamps.
    public private(set) var clock = RTPClock()
    /// The last sender report of the present source.
    public private(set) var senderClock: RTPSenderClock?
    /// The number of packets of another payload type, which are passed over.
    public private(set) var foreignPackets = 0

    private let payloadType: UInt8?
    private let clockRate: Int64
    private var reorder: RTPReorderBuffer?
    /// The candidate for a new series.
    private var held: ByteBuffer?
    private var jitter = RTPJitter()

    /// Creates the receiver of a track.
    ///
    /// - Parameters:
    ///   - payloadType: The only payload type to accept; some cameras send others on the same channel.
    ///   - clockRate: Ticks per second of the timestamps.
    ///   - reordering: Bounds for packets that wait for their predecessors; nil for TCP, which keeps order.
    public init(payloadType: UInt8? = nil, clockRate: Int = 90_000, reordering: RTPReorderLimits? = nil) {
        self.payloadType = payloadType
        self.clockRate = Int64(min(max(clockRate, 1), 100_000_000))
        sequence = RTPSequence(keepsOrder: reordering == nil)
        reorder = reordering.map { RTPReorderBuffer(limits: $0) }
    }

    /// Receives a packet that came at `arrival`, and delivers what is ready.
    public mutating func receive<Failure: Error>(
        _ packet: RTPPacket,
        at arrival: Int64,
        deliver: (inout RTPDelivery) throws(Failure) -> Void
    ) throws(Failure) {
        guard payloadType == nil || payloadType == packet.payloadType else {
            foreignPackets &+= 1
            return
        }
        guard reorder != nil else { return try accept(packet, at: arrival, deliver) }
        try receiveUnordered(packet, at: arrival, deliver)
    }

    /// Delivers packets whose predecessors have been waited for long enough; to be called at `nextRelease`.
    public mutating func release<Failure: Error>(
        at now: Int64,
        deliver: (inout RTPDelivery) throws(Failure) -> Void
    ) throws(Failure) {
        while let first = reorder?.first(from: expected), let patience = reorder?.limits.nanoseconds {
            guard first.ahead == 0 || now &- first.arrival >= patience else { return }
            try release(ahead: first.ahead, at: now, deliver)
        }
    }

    /// The moment at which `release` has something to deliver if no packet comes before.
    public var nextRelease: Int64? {
        guard let reorder, let first = reorder.first(from: expected) else { return nil }
        return first.arrival &+ reorder.limits.nanoseconds
    }

    /// Takes note of a sender report that came at `arrival`; one of another source is passed over.
    public mutating func receive(_ report: RTCPSenderReport, at arrival: Int64) {
        guard sequence.source == nil || sequence.source == report.source else { return }
        senderClock = RTPSenderClock(
            timestamp: clock.position(of: report.timestamp),
            networkTime: report.networkTime,
            arrival: arrival
        )
    }

    /// Returns the block of a receiver report, or nil before the first packet, and begins the next reporting interval.
    public mutating func takeReport(at now: Int64) -> RTCPReceptionReport? {
        guard let source = sequence.source else { return nil }
        let numbers = sequence.takeReport()
        var report = RTCPReceptionReport(source: source)
        report.fractionLost = numbers.fractionLost
        report.totalLost = numbers.totalLost
        report.highestSequence = numbers.highest
        report.jitter = jitter.value
        if let senderClock {
            // The middle 32 of the 64 bits, and the delay in units of 1/65,536 s (RFC 3550, 6.4.1).
            report.lastSenderReport = UInt32(truncatingIfNeeded: senderClock.networkTime >> 16)
            let delay = max(now &- senderClock.arrival, 0)
            let (seconds, rest) = delay.quotientAndRemainder(dividingBy: 1_000_000_000)
            report.delaySinceSenderReport = UInt32(clamping: seconds << 16 + (rest << 16) / 1_000_000_000)
        }
        return report
    }

    private var expected: UInt16 { UInt16(truncatingIfNeeded: sequence.highest &+ 1) }

    private mutating func receiveUnordered<Failure: Error>(
        _ packet: RTPPacket,
        at arrival: Int64,
        _ deliver: (inout RTPDelivery) throws(Failure) -> Void
    ) throws(Failure) {
        if sequence.source == packet.source {
            let ahead = Int(Int16(bitPattern: packet.sequence &- expected))
            if ahead > 0, ahead <= RTPSequence.largestGap {
                if reorder?.insert(packet, ahead: ahead, at: arrival) == true {
                    return try release(at: arrival, deliver: deliver)
                }
                // There is no room to wait any longer.
                while let first = reorder?.first(from: expected) {
                    try release(ahead: first.ahead, at: arrival, deliver)
                }
            }
        }
        try accept(packet, at: arrival, deliver)
        try release(at: arrival, deliver: deliver)
    }

    private mutating func release<Failure: Error>(
        ahead: Int,
        at now: Int64,
        _ deliver: (inout RTPDelivery) throws(Failure) -> Void
    ) throws(Failure) {
        let number = expected &+ UInt16(truncatingIfNeeded: ahead)
        guard let bytes = reorder?.remove(number), let packet = RTPPacket(bytes.bytes) else { return }
        try accept(packet, at: now, deliver)
    }

    private mutating func accept<Failure: Error>(
        _ packet: RTPPacket,
        at arrival: Int64,
        _ deliver: (inout RTPDelivery) throws(Failure) -> Void
    ) throws(Failure) {
        switch sequence.receive(sequence: packet.sequence, source: packet.source) {
        case .next(let missing):
            jitter.receive(packet.timestamp, at: arrival, clockRate: clockRate)
            var delivery = RTPDelivery(
                packet: packet,
                timestamp: clock.unwrap(packet.timestamp),
                isAfterGap: missing > 0
            )
            try deliver(&delivery)
        case .candidate:
            hold(packet)
        case .restarted:
            try restart(packet, at: arrival, deliver)
        case .duplicate, .late:
            break
        }
    }

    private mutating func hold(_ packet: RTPPacket) {
        let bytes = held ?? ByteBuffer(capacity: 2048, limit: 1 << 16)
        bytes.removeAll()
        bytes.append(packet.bytes)
        held = bytes
    }

    private mutating func restart<Failure: Error>(
        _ packet: RTPPacket,
        at arrival: Int64,
        _ deliver: (inout RTPDelivery) throws(Failure) -> Void
    ) throws(Failure) {
        reorder?.removeAll()
        senderClock = nil
        jitter = RTPJitter()
        let candidate = held
        held = nil
        var isFirst = true
        if let candidate, let first = RTPPacket(candidate.bytes) {
            var delivery = RTPDelivery(
                packet: first,
                timestamp: clock.unwrap(first.timestamp),
                isAfterGap: true,
                isRestart: true
            )
            isFirst = false
            try deliver(&delivery)
        }
        jitter.receive(packet.timestamp, at: arrival, clockRate: clockRate)
        var delivery = RTPDelivery(
            packet: packet,
            timestamp: clock.unwrap(packet.timestamp),
            isAfterGap: isFirst,
            isRestart: isFirst
        )
        try deliver(&delivery)
    }
}

/// The relation between a track's timestamps and the camera's clock, as its last sender report had it.
public struct RTPSenderClock: Hashable, Sendable {
    /// The unwrapped RTP timestamp of the report.
    public var timestamp: Int64
    /// The same moment on the camera's clock: seconds since 1900 in the upper 32 bits, fractions in the lower (NTP).
    public var networkTime: UInt64
    /// When the report came, in nanoseconds of the receiver's monotonic clock.
    public var arrival: Int64
}

/// The variation of packets' travel times (RFC 3550, A.8).
struct RTPJitter {
    /// Sixteen times the jitter, in ticks.
    private var scaled: Int64 = 0
    private var transit: Int64?

    var value: UInt32 { UInt32(clamping: scaled >> 4) }

    mutating func receive(_ timestamp: UInt32, at arrival: Int64, clockRate: Int64) {
        let (seconds, rest) = arrival.quotientAndRemainder(dividingBy: 1_000_000_000)
        let ticks = seconds &* clockRate &+ rest &* clockRate / 1_000_000_000
        // Differences modulo 2³²: the wrap-around and the origin do not matter.
        let now = ticks &- Int64(timestamp)
        defer { transit = now }
        guard let transit else { return }
        let change = Int64(Int32(truncatingIfNeeded: now &- transit).magnitude)
        scaled &+= change &- (scaled &+ 8) >> 4
    }
}
