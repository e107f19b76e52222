public import Encodings

/// Access units of AAC from RTP (RFC 3640: AAC-hbr, AAC-lbr and the generic mode without interleaving).
///
/// A unit is complete as soon as its bytes are there: many cameras leave out the marker. ADTS headers, which have no place
/// here, are taken off.
public struct AACDepacketizer: Depacketizer {
    /// The layout of headers, from the session description (a=fmtp).
    public struct Configuration: Hashable, Sendable {
        /// sizelength: bits of a unit's size; 0 if units have a constant size or fill their packets.
        public var sizeLength = 13
        /// indexlength: bits of the first unit's number.
        public var indexLength = 3
        /// indexdeltalength: bits of the distance between the numbers of two units.
        public var indexDeltaLength = 3
        /// ctsdeltalength: bits of a composition time, behind a flag.
        public var compositionTimeLength = 0
        /// dtsdeltalength: bits of a decoding time, behind a flag.
        public var decodingTimeLength = 0
        /// randomaccessindication: a flag that nobody needs for audio.
        public var hasRandomAccessFlag = false
        /// streamstateindication: bits that nobody needs for audio.
        public var streamStateLength = 0
        /// auxiliarydatasizelength: bits of the size of a section between headers and units.
        public var auxiliarySizeLength = 0
        /// constantsize: the bytes of each unit; 0 if sizes differ.
        public var constantSize = 0
        /// Ticks of the track's clock per unit: 1,024 unless the description of the codec says otherwise.
        public var duration: Int64 = 1024

        /// Creates the layout of AAC-hbr (RFC 3640, 3.3.6).
        public init() {}

        /// The layout of AAC-lbr (RFC 3640, 3.3.5).
        public static var lowBitRate: Configuration {
            var configuration = Configuration()
            configuration.sizeLength = 6
            configuration.indexLength = 2
            configuration.indexDeltaLength = 2
            return configuration
        }

        /// Limits all lengths to what can be read at once.
        fileprivate var bounded: Configuration {
            var bounded = self
            func bound(_ value: inout Int, _ most: Int) {
                value = min(max(value, 0), most)
            }
            bound(&bounded.sizeLength, 32)
            bound(&bounded.indexLength, 32)
            bound(&bounded.indexDeltaLength, 32)
            bound(&bounded.compositionTimeLength, 32)
            bound(&bounded.decodingTimeLength, 32)
            bound(&bounded.streamStateLength, 32)
            bound(&bounded.auxiliarySizeLength, 32)
            bound(&bounded.constantSize, 65_535)
            bounded.duration = min(max(duration, 1), 1 << 24)
            return bounded
        }

        fileprivate var hasHeaders: Bool {
            sizeLength > 0 || indexLength > 0 || indexDeltaLength > 0 || compositionTimeLength > 0
                || decodingTimeLength > 0 || hasRandomAccessFlag || streamStateLength > 0
        }
    }

    /// How the units of the present packet are found.
    private enum Layout {
        /// Sizes stand in front of all units.
        case headers
        /// Each unit has an ADTS header.
        case adts
        /// The packet is one unit, or several of a constant size.
        case plain
    }

    private let configuration: Configuration
    private var writer: UnitWriter

    // The present packet.
    private var layout = Layout.headers
    private var headerBit = 0
    private var headersEnd = 0
    private var isFirst = true
    /// The number of the next unit, counted from the first of the packet.
    private var index: Int64 = 0

    /// The size of the unit whose fragments come.
    private var expected = 0
    private var expectedTimestamp: Int64 = 0

    /// Creates a depacketizer for a layout of headers.
    public init(configuration: Configuration = Configuration(), limits: DepacketizerLimits = DepacketizerLimits()) {
        self.configuration = configuration.bounded
        writer = UnitWriter(limits: limits)
    }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { writer.statistics }

    /// Moves the bytes of the present unit to the end of another buffer.
    public mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {
        writer.move(from: old, to: new)
    }

    /// Gives up the present unit, of which parts are missing.
    public mutating func finish(in buffer: ByteBuffer) -> CodedFrame? {
        writer.drop(in: buffer)
        return nil
    }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        let payload = delivery.packet.payload
        if delivery.stage == .arrived {
            writer.arrive(delivery, in: buffer)
            delivery.stage = begin(payload, &delivery.offset) ? .reading : .done
        }
        while delivery.stage == .reading {
            guard let size = nextSize(payload, delivery.offset) else { break }
            let rest = payload.from(delivery.offset)
            if writer.pendingStart != nil {
                if delivery.timestamp == expectedTimestamp, size == expected {
                    delivery.stage = .done
                    return try takeFragment(rest, into: buffer).map { .frame($0) }
                }
                writer.statistics.malformed += 1
                writer.drop(in: buffer)
            }
            let timestamp = delivery.timestamp &+ (index &- 1) &* configuration.duration
            guard size <= rest.count else {
                delivery.stage = .done
                expected = size
                expectedTimestamp = timestamp
                // A marker would stand in the last fragment.
                try beginFragments(delivery.packet.marker ? rest.from(rest.count) : rest, into: buffer)
                return nil
            }
            delivery.offset += size
            try writer.append(Self.withoutADTS(UnsafeRawBufferPointer(rebasing: rest[..<size])), to: buffer)
            let frame = writer.end(in: buffer, timestamp: timestamp, duration: configuration.duration)
            if let frame { return .frame(frame) }
        }
        delivery.stage = .done
        return nil
    }

    // MARK: Headers

    /// Finds out how a packet is laid out, and where its units begin; returns false if there are none.
    private mutating func begin(_ payload: UnsafeRawBufferPointer, _ offset: inout Int) -> Bool {
        isFirst = true
        index = 0
        guard configuration.hasHeaders else {
            layout = .plain
            return !payload.isEmpty
        }
        layout = .headers
        headerBit = 16
        headersEnd = payload.count >= 2 ? 16 + Int(payload.bigEndian16(at: 0)) : 0
        offset = (headersEnd + 7) / 8
        if headersEnd > 16, offset < payload.count {
            guard configuration.auxiliarySizeLength > 0 else { return true }
            var bit = offset * 8
            let auxiliary = Int(Self.bits(configuration.auxiliarySizeLength, of: payload, at: &bit))
            offset = (bit + auxiliary + 7) / 8
            if offset < payload.count { return true }
        }
        if Self.adtsSize(payload) != nil {
            layout = .adts
            offset = 0
            return true
        }
        // Packets without a payload keep connections open.
        if !payload.isEmpty { writer.statistics.malformed += 1 }
        return false
    }

    /// Returns the size of the next unit, or nil if no further unit is announced.
    private mutating func nextSize(_ payload: UnsafeRawBufferPointer, _ offset: Int) -> Int? {
        switch layout {
        case .plain:
            guard offset < payload.count else { return nil }
            index += 1
            return configuration.constantSize > 0 ? configuration.constantSize : payload.count
        case .adts:
            guard let size = Self.adtsSize(payload.from(offset)) else { return nil }
            index += 1
            return size
        case .headers:
            return nextHeader(payload)
        }
    }

    /// Reads a unit's header (RFC 3640, 3.2.1.1).
    private mutating func nextHeader(_ payload: UnsafeRawBufferPointer) -> Int? {
        let numberLength = isFirst ? configuration.indexLength : configuration.indexDeltaLength
        guard headerBit + configuration.sizeLength + numberLength <= headersEnd else { return nil }
        var bit = headerBit
        var size = configuration.constantSize
        if configuration.sizeLength > 0 { size = Int(Self.bits(configuration.sizeLength, of: payload, at: &bit)) }
        let number = Int64(Self.bits(numberLength, of: payload, at: &bit))
        // A number without bits is 0; that of the first unit only says where the packet stands.
        index += 1 + (isFirst ? 0 : number)
        if configuration.compositionTimeLength > 0, Self.bits(1, of: payload, at: &bit) == 1 {
            bit += configuration.compositionTimeLength
        }
        if configuration.decodingTimeLength > 0, Self.bits(1, of: payload, at: &bit) == 1 {
            bit += configuration.decodingTimeLength
        }
        bit += (configuration.hasRandomAccessFlag ? 1 : 0) + configuration.streamStateLength
        // A layout without bits would never end.
        guard bit > headerBit else { return nil }
        isFirst = false
        headerBit = bit
        return size
    }

    /// Reads up to 32 bits; those behind the end are 0.
    private static func bits(_ count: Int, of bytes: UnsafeRawBufferPointer, at position: inout Int) -> UInt32 {
        var value: UInt32 = 0
        for bit in position..<(position + count) {
            let byte = bit >> 3 < bytes.count ? bytes[bit >> 3] : 0
            value = value << 1 | UInt32(byte >> UInt8(7 - bit & 7)) & 1
        }
        position += count
        return value
    }

    // MARK: Fragments

    /// Begins a unit that is larger than what is left of its packet (RFC 3640, 3.2.3.1: alone in its packets).
    private mutating func beginFragments(
        _ rest: UnsafeRawBufferPointer,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) {
        guard index == 1, expected <= writer.limits.frameBytes, !rest.isEmpty else {
            writer.statistics.malformed += 1
            return
        }
        try writer.append(rest, to: buffer)
    }

    /// Takes a further fragment, whose header repeats the size of the whole unit.
    private mutating func takeFragment(
        _ rest: UnsafeRawBufferPointer,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> CodedFrame? {
        let missing = expected - writer.pendingCount(in: buffer)
        guard rest.count <= missing else {
            writer.statistics.malformed += 1
            writer.drop(in: buffer)
            return nil
        }
        try writer.append(rest, to: buffer)
        guard rest.count == missing else { return nil }
        return writer.end(in: buffer, timestamp: expectedTimestamp, duration: configuration.duration)
    }

    // MARK: ADTS

    /// Returns the size of a unit with an ADTS header (ISO/IEC 14496-3, 1.A.2.2.1), or nil if there is none.
    private static func adtsSize(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count > 7, bytes[0] == 0xFF, bytes[1] & 0xF6 == 0xF0 else { return nil }
        let size = Int(bytes[3] & 3) << 11 | Int(bytes[4]) << 3 | Int(bytes[5]) >> 5
        return size > headerSize(bytes) && size <= bytes.count ? size : nil
    }

    /// A checksum of two bytes follows the header unless the last bit of the second byte says otherwise.
    private static func headerSize(_ bytes: UnsafeRawBufferPointer) -> Int { bytes[1] & 1 == 0 ? 9 : 7 }

    /// Takes an ADTS header off, which is one only if it names the size of the unit.
    private static func withoutADTS(_ unit: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        adtsSize(unit) == unit.count ? unit.from(headerSize(unit)) : unit
    }
}
