extension GapChange: Codable {
    private enum Kind: String, Codable {
        case open, close, remove
    }

    private enum CodingKeys: String, CodingKey {
        case kind, epoch, cause, detail
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let stream = try StreamID(from: decoder)
        let epoch = try fields.decode(Int64.self, forKey: .epoch)
        let start = try fields.decode(Timestamp.self, forKey: .startedAt)
        let kind = try fields.decode(Kind.self, forKey: .kind)
        guard kind != .remove else {
            self = .remove(stream, epoch: epoch, startedAt: start)
            return
        }
        let gap = Gap(
            stream: stream,
            epoch: epoch,
            startedAt: start,
            endedAt: kind == .close ? try fields.decode(Timestamp.self, forKey: .endedAt) : nil,
            cause: try fields.decode(Cause.self, forKey: .cause),
            detail: try fields.decodeIfPresent(String.self, forKey: .detail)
        )
        self = kind == .open ? .open(gap) : .close(gap)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try stream.encode(to: encoder)
        switch self {
        case .open(let gap):
            try fields.encode(Kind.open, forKey: .kind)
            try Self.encode(gap, to: &fields)
        case .close(let gap):
            try fields.encode(Kind.close, forKey: .kind)
            try Self.encode(gap, to: &fields)
            try fields.encode(gap.endedAt, forKey: .endedAt)
        case .remove(_, let epoch, let start):
            try fields.encode(Kind.remove, forKey: .kind)
            try fields.encode(epoch, forKey: .epoch)
            try fields.encode(start, forKey: .startedAt)
        }
    }

    private static func encode(_ gap: Gap, to fields: inout KeyedEncodingContainer<CodingKeys>) throws {
        try fields.encode(gap.epoch, forKey: .epoch)
        try fields.encode(gap.startedAt, forKey: .startedAt)
        try fields.encode(gap.cause, forKey: .cause)
        try fields.encodeIfPresent(gap.detail, forKey: .detail)
    }
}

extension GapChange {
    /// True if the numbers of a change that came from a file can be written to the database.
    package var isPlausible: Bool {
        let times: [Timestamp?]
        let epoch: Int64
        switch self {
        case .open(let gap), .close(let gap):
            times = [gap.startedAt, gap.endedAt]
            epoch = gap.epoch
        case .remove(_, let number, let start):
            times = [start]
            epoch = number
        }
        return SegmentLimits.cameraID.contains(stream.camera.rawValue) && SegmentLimits.epoch.contains(epoch)
            && times.allSatisfy { $0.map(SegmentLimits.startedAt.contains) ?? true }
    }
}
