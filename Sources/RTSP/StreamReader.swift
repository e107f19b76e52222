import Encodings

/// The judgement about a place where an interleaved frame may begin.
enum FrameJudgement {
    case frame
    case incomplete
    case other
}

/// Takes the bytes of an RTSP connection apart into packets, messages and what is neither.
///
/// A packet is handed out as soon as it is whole. It stays with the caller until the bytes behind it are seen: if they
/// begin neither a frame nor a message, the packet may have been cut, and the frames that its length swallowed are
/// looked for inside it. So a cut packet costs itself alone, and how the bytes were cut into pieces changes nothing.
struct StreamReader: Sendable {
    /// A part of the stream.
    enum Item {
        case packet(RTSPMedia, start: Int, end: Int)
        case message(start: Int, head: Int, body: Int)
        /// Everything that can be read was read.
        case end
        case failure(RTSPError)
    }

    /// The way of one track's packets.
    struct Lane: Sendable {
        /// The payload types of the description.
        var announced: PayloadTypeSet
        /// The payload type of the latest packet, which may be another than was announced.
        var latest: UInt8 = 0xFF
        /// True once a packet of an announced type came.
        var isConfirmed = false
    }

    private static let unknown: UInt8 = 0xFF

    /// For each channel, twice the track's index, plus one for RTCP.
    private var routes = [UInt8](repeating: unknown, count: 256)
    private(set) var lanes: [Lane] = []
    /// True once PLAY was sent: what comes earlier belongs to a dead session (old live555 does that).
    var isDelivering = false
    private(set) var statistics = RTSPStatistics()
    /// Channels that were found to carry a track although another was promised.
    private(set) var adoptions = 0

    private var position = 0
    /// Start and end of the packet before `position`, as long as nothing confirms it; empty otherwise.
    private var unconfirmed = 0..<0
    /// True while the next frame or message is looked for.
    private var isSearching = false
    /// The bytes from `position` on that belong to a packet that was handed out.
    private var inner = 0
    private var damage = RTSPMedia.Damage.none
    private var largest = 0
    /// Skipped bytes and cut frames that no budget has paid for yet.
    private var unpaid = 0
    private var unpaidCuts = 0
    private var skipped = RateBudget(RTSPLimits.skippedBytes)
    private var rejected = RateBudget(RTSPLimits.rejectedFrames)
    private var cut = RateBudget(RTSPLimits.cutFrames)

    // MARK: Channels

    /// Forgets all tracks, for another transport.
    mutating func removeTracks() {
        lanes = []
        routes = [UInt8](repeating: Self.unknown, count: 256)
    }

    /// Adds the next track.
    mutating func addTrack(payloadTypes: PayloadTypeSet, channels: Channels?) {
        let index = UInt8(truncatingIfNeeded: lanes.count * 2)
        lanes.append(Lane(announced: payloadTypes))
        guard let channels else { return }
        routes[Int(channels.rtcp)] = index + 1
        routes[Int(channels.rtp)] = index
    }

    // MARK: Reading

    /// Begins with bytes that start with those that the last turn left.
    mutating func begin() {
        unconfirmed = 0..<unconfirmed.count
        position = unconfirmed.count
    }

    /// The number of bytes at the front that are done with.
    var consumed: Int {
        unconfirmed.isEmpty ? position : unconfirmed.lowerBound
    }

    /// Reads the next part.
    mutating func next(in bytes: UnsafeRawBufferPointer, now: Int64) -> Item {
        while position < bytes.count {
            if isSearching, !search(bytes) { return spendSkipped(now) ?? .end }
            if let item = spendSkipped(now) { return item }
            guard position < bytes.count else { break }
            if unconfirmed.isEmpty, bytes[position] == 0x0D || bytes[position] == 0x0A {
                // Blank lines behind a message, which are common and mean nothing.
                advance(1)
                continue
            }
            if bytes[position] == UInt8(ascii: "$") {
                switch frame(bytes, at: position, isStrict: false) {
                case .incomplete: return .end
                case .other: startSearch()
                case .frame:
                    unconfirmed = 0..<0
                    guard let item = takeFrame(bytes, now: now) else { continue }
                    return item
                }
            } else {
                switch MessageBounds.start(bytes, at: position, isLenient: true) {
                case .incomplete: return .end
                case .other: startSearch()
                case .message:
                    unconfirmed = 0..<0
                    guard let item = takeMessage(bytes) else { continue }
                    return item
                }
            }
        }
        return .end
    }

    /// Takes the frame at `position`; nil if it is passed over.
    @inline(__always)
    private mutating func takeFrame(_ bytes: UnsafeRawBufferPointer, now: Int64) -> Item? {
        let start = position + 4
        let end = start + (Int(bytes[position + 2]) << 8 | Int(bytes[position + 3]))
        guard end <= bytes.count else { return .end }
        let media = media(bytes, channel: bytes[position + 1], start: start, end: end)
        unconfirmed = position..<end
        position = end
        guard let media else {
            statistics.rejectedFrames &+= 1
            guard rejected.spend(1, now: now) else {
                return .failure(RTSPError(.badStream, "the camera sends too many packets that belong to no track"))
            }
            return nil
        }
        statistics.packets &+= 1
        largest = max(largest, end - start)
        damage = .none
        return .packet(media, start: start, end: end)
    }

    private mutating func takeMessage(_ bytes: UnsafeRawBufferPointer) -> Item? {
        let start = position
        let judge = { [self] (index: Int) in frame(bytes, at: index, isStrict: true) }
        switch MessageBounds.extent(bytes, at: start, frame: judge) {
        case .incomplete: return .end
        case .longBody:
            return .failure(RTSPError(.badStream, "the camera announced a longer message than is allowed"))
        case .endlessHead:
            startSearch()
            return nil
        case .whole(let head, let body):
            position = start + head + body
            return .message(start: start, head: head, body: body)
        }
    }

    // MARK: Packets

    /// Finds the track of a frame; nil if it has none.
    @inline(__always)
    private mutating func media(_ bytes: UnsafeRawBufferPointer, channel: UInt8, start: Int, end: Int) -> RTSPMedia? {
        let route = routes[Int(channel)]
        guard isDelivering, end - start >= 8, bytes[start] & 0xC0 == 0x80 else { return nil }
        let second = bytes[start + 1]
        let lane = Int(route >> 1)
        if route & 1 == 0, lane < lanes.count, end - start >= 12, lanes[lane].latest == second & 0x7F {
            return RTSPMedia(track: lane, kind: .rtp, damage: damage)
        }
        return unusualMedia(second, channel: channel, length: end - start)
    }

    /// Finds the track of a frame that is no packet like the one before it.
    private mutating func unusualMedia(_ second: UInt8, channel: UInt8, length: Int) -> RTSPMedia? {
        let route = routes[Int(channel)]
        let own = route == Self.unknown ? nil : Int(route >> 1)
        let type = second & 0x7F
        // RTCP has 200 to 207 here; as payload types those are 72 to 79, which RFC 3551 keeps free for that reason.
        if (200...207).contains(second) {
            return own.map { RTSPMedia(track: $0, kind: .rtcp, damage: damage) }
        }
        guard length >= 12, let track = track(of: type, on: channel, own: own) else { return nil }
        lanes[track].latest = type
        lanes[track].isConfirmed = lanes[track].isConfirmed || lanes[track].announced.contains(type)
        return RTSPMedia(track: track, kind: .rtp, damage: damage)
    }

    /// Finds the track of a payload type that is not the latest one of its channel.
    private mutating func track(of type: UInt8, on channel: UInt8, own: Int?) -> Int? {
        if let own, lanes[own].announced.contains(type) { return own }
        var only: Int?
        for index in lanes.indices where lanes[index].announced.contains(type) {
            guard only == nil else { return own }
            only = index
        }
        guard let only else {
            // A type that nobody announced is believed on a channel for media, as long as no announced one comes there:
            // GeoVision cameras send packets of a type of their own beside the video.
            guard let own, routes[Int(channel)] & 1 == 0, !lanes[own].isConfirmed else { return nil }
            return own
        }
        // Another channel than was promised, known by what it carries.
        guard lanes[only].latest == 0xFF else { return own == nil ? nil : only }
        adoptions += 1
        routes[Int(channel)] = UInt8(truncatingIfNeeded: only * 2)
        if channel & 1 == 0 { routes[Int(channel) + 1] = UInt8(truncatingIfNeeded: only * 2 + 1) }
        return only
    }

    /// Judges whether a frame begins at an index that holds `$`.
    ///
    /// A strict judgement, for places that are a guess, demands a known channel, a payload type of its track and a
    /// usual length; about one place in 10⁸ of random bytes passes.
    @inline(__always)
    private func frame(_ bytes: UnsafeRawBufferPointer, at index: Int, isStrict: Bool) -> FrameJudgement {
        guard bytes.count - index >= 5 else { return shortFrame(bytes, at: index, isStrict: isStrict) }
        let length = Int(bytes[index + 2]) << 8 | Int(bytes[index + 3])
        if !isStrict, length < 8 || (bytes[index + 4] & 0xC0 == 0x80 && length <= usualLength) { return .frame }
        return carefulFrame(bytes, at: index, length: length, isStrict: isStrict)
    }

    /// A frame of which no content is there yet: only an empty one is certain.
    private func shortFrame(_ bytes: UnsafeRawBufferPointer, at index: Int, isStrict: Bool) -> FrameJudgement {
        guard bytes.count - index == 4, !isStrict, bytes[index + 2] == 0, bytes[index + 3] < 8 else {
            return .incomplete
        }
        return .frame
    }

    /// The longest packet that is believed where nothing else speaks for it.
    private var usualLength: Int {
        largest == 0 ? Int(UInt16.max) : max(4_096, 2 * largest)
    }

    /// Judges by the content: at a place that is a guess, and for a packet that is far longer than those before it.
    private func carefulFrame(
        _ bytes: UnsafeRawBufferPointer,
        at index: Int,
        length: Int,
        isStrict: Bool
    ) -> FrameJudgement {
        guard routes[Int(bytes[index + 1])] != Self.unknown, length >= 8, !isStrict || length <= usualLength else {
            return .other
        }
        guard bytes.count - index >= 8 else { return .incomplete }
        guard bytes[index + 4] & 0xC0 == 0x80 else { return .other }
        let second = bytes[index + 5]
        if (200...207).contains(second) {
            let words = Int(bytes[index + 6]) << 8 | Int(bytes[index + 7])
            return (words + 1) * 4 <= length ? .frame : .other
        }
        let type = second & 0x7F
        let isKnown = lanes.contains { $0.announced.contains(type) || $0.latest == type }
        return length >= 12 && isKnown ? .frame : .other
    }

    // MARK: Finding the stream again

    /// Begins to look for the next frame or message, first inside the packet that nothing confirms.
    private mutating func startSearch() {
        statistics.resynchronisations &+= 1
        isSearching = true
        if unconfirmed.isEmpty {
            inner = 0
            // What begins here was judged already.
            advance(1)
        } else {
            inner = position - unconfirmed.lowerBound - 1
            position = unconfirmed.lowerBound + 1
            unconfirmed = 0..<0
        }
    }

    /// Looks for the next frame or message; returns false if more bytes are needed.
    private mutating func search(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = position
        defer { advance(index - position) }
        while index < bytes.count {
            let judgement: FrameJudgement
            switch bytes[index] {
            case UInt8(ascii: "$"): judgement = frame(bytes, at: index, isStrict: true)
            case UInt8(ascii: "R"), UInt8(ascii: "r"), UInt8(ascii: "A"), UInt8(ascii: "D"), UInt8(ascii: "G"),
                UInt8(ascii: "O"), UInt8(ascii: "P"), UInt8(ascii: "S"), UInt8(ascii: "T"):
                switch MessageBounds.start(bytes, at: index, isLenient: false) {
                case .message: judgement = .frame
                case .incomplete: judgement = .incomplete
                case .other: judgement = .other
                }
            default: judgement = .other
            }
            switch judgement {
            case .other: index += 1
            case .incomplete: return false
            case .frame:
                damage = .skippedBytes
                if inner > index - position {
                    statistics.cutFrames &+= 1
                    unpaidCuts += 1
                    damage = .cutPacket
                }
                isSearching = false
                return true
            }
        }
        return false
    }

    /// Passes over bytes; those of a packet that was handed out are no loss.
    private mutating func advance(_ count: Int) {
        position += count
        unpaid += max(0, count - inner)
        inner = max(0, inner - count)
    }

    private mutating func spendSkipped(_ now: Int64) -> Item? {
        guard unpaid > 0 || unpaidCuts > 0 else { return nil }
        statistics.skippedBytes &+= UInt64(unpaid)
        defer { (unpaid, unpaidCuts) = (0, 0) }
        guard skipped.spend(unpaid, now: now), cut.spend(unpaidCuts, now: now) else {
            return .failure(RTSPError(.badStream, "the camera sends bytes that are neither RTP nor RTSP"))
        }
        return nil
    }
}
