/// The part of a segment that is known when it has ended.
package struct SegmentEnd: Hashable, Sendable {
    package enum Reason: String, Codable, Sendable, CaseIterable {
        /// The wanted length was reached.
        case duration
        /// The frame size or the codec's parameters changed.
        case parameters
        /// The segment grew too large without a key frame.
        case oversize
        /// The stream's clock jumped.
        case clock
        /// The camera was switched off or changed, or the recorder ended in order.
        case stopped
        /// The stream was lost.
        case lost
        /// The recorder died, and what it had written was repaired.
        case recovered
    }

    package var reason: Reason
    /// The length in wall time.
    package var durationMilliseconds: Int64
    package var flags: Set<SegmentFlag>

    package init(_ reason: Reason, durationMilliseconds: Int64, flags: Set<SegmentFlag> = []) {
        self.reason = reason
        self.durationMilliseconds = durationMilliseconds
        self.flags = flags
    }
}

extension SegmentEnd: Codable {
    private enum CodingKeys: String, CodingKey {
        case reason = "end_reason"
        case durationMilliseconds = "duration_ms"
        case flags
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        reason = try fields.decode(Reason.self, forKey: .reason)
        durationMilliseconds = try fields.decode(Int64.self, forKey: .durationMilliseconds)
        flags = SegmentFlag.set(try fields.decode([String].self, forKey: .flags))
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(reason, forKey: .reason)
        try fields.encode(durationMilliseconds, forKey: .durationMilliseconds)
        try fields.encode(SegmentFlag.names(flags), forKey: .flags)
    }
}
