public import Encodings

/// A sender report (RFC 3550, 6.4.1) without its blocks about other senders.
public struct RTCPSenderReport: Hashable, Sendable {
    /// The source that the report is about.
    public var source: UInt32
    /// Seconds since 1900 in the upper 32 bits, fractions in the lower (NTP); 0 if the camera has no clock.
    public var networkTime: UInt64
    /// The RTP timestamp of the same moment.
    public var timestamp: UInt32
    /// Packets sent since the series began.
    public var packets: UInt32
    /// Payload bytes sent since the series began.
    public var octets: UInt32

    /// Creates a report.
    public init(source: UInt32, networkTime: UInt64, timestamp: UInt32, packets: UInt32 = 0, octets: UInt32 = 0) {
        self.source = source
        self.networkTime = networkTime
        self.timestamp = timestamp
        self.packets = packets
        self.octets = octets
    }
}

/// A block of a receiver report (RFC 3550, 6.4.1): how the packets of one source arrive.
public struct RTCPReceptionReport: Hashable, Sendable {
    /// The source that the block is about.
    public var source: UInt32
    /// The part of the packets that was lost since the last report, in 1/256.
    public var fractionLost: UInt8 = 0
    /// Packets lost since the series began, as 24 bits with a sign.
    public var totalLost: Int32 = 0
    /// The highest sequence number, with the number of wrap-arounds above it.
    public var highestSequence: UInt32 = 0
    /// The variation of travel times, in ticks of the track's clock.
    public var jitter: UInt32 = 0
    /// The middle 32 bits of the last sender report's time; 0 if there was none.
    public var lastSenderReport: UInt32 = 0
    /// The time since that report, in 1/65,536 s.
    public var delaySinceSenderReport: UInt32 = 0

    /// Creates a block in which nothing is lost.
    public init(source: UInt32) {
        self.source = source
    }
}

/// The packets of a compound RTCP packet (RFC 3550, 6.1), read one after the other.
///
/// Reading ends at the first packet that is not whole; cameras also send single packets and ones without a description,
/// which are as welcome.
public struct RTCPReader: Sequence, IteratorProtocol {
    /// A packet of a compound packet.
    public enum Packet: Hashable, Sendable {
        case senderReport(RTCPSenderReport)
        case receiverReport
        /// Names of sources, which nobody here needs.
        case description
        /// The source has ended its series.
        case goodbye(source: UInt32)
        case other(type: UInt8)
    }

    private var rest: UnsafeRawBufferPointer

    /// Creates a reader of bytes that stay in place until the last packet has been read.
    public init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes
    }

    /// Returns the next packet, or nil if there is none that is whole.
    public mutating func next() -> Packet? {
        guard rest.count >= 4, rest[0] >> 6 == 2 else { return nil }
        let length = 4 + Int(rest.bigEndian16(at: 2)) * 4
        guard length <= rest.count else { return nil }
        let bytes = rest
        rest = rest.from(length)
        switch bytes[1] {
        case 200 where length >= 28:
            return .senderReport(
                RTCPSenderReport(
                    source: bytes.bigEndian32(at: 4),
                    networkTime: UInt64(bytes.bigEndian32(at: 8)) << 32 | UInt64(bytes.bigEndian32(at: 12)),
                    timestamp: bytes.bigEndian32(at: 16),
                    packets: bytes.bigEndian32(at: 20),
                    octets: bytes.bigEndian32(at: 24)
                )
            )
        case 201: return .receiverReport
        case 202: return .description
        // Only the first of the sources that may be named: a camera has one per track.
        case 203 where length >= 8 && bytes[0] & 0x1F > 0: return .goodbye(source: bytes.bigEndian32(at: 4))
        default: return .other(type: bytes[1])
        }
    }
}

extension ByteBuffer {
    /// Appends a compound packet: a receiver report and the receiver's name (RFC 3550, 6.4.2 and 6.5).
    ///
    /// - Parameters:
    ///   - source: The receiver's own source number.
    ///   - blocks: At most 31, more are left out.
    ///   - name: The canonical name; at most 255 bytes of it are sent.
    public func append(receiverReportFrom source: UInt32, blocks: [RTCPReceptionReport], name: String) {
        let blocks = blocks.prefix(31)
        append(0x80 | UInt8(blocks.count))
        append(201)
        append(bigEndian: UInt16(1 + blocks.count * 6))
        append(bigEndian: source)
        for block in blocks {
            append(bigEndian: block.source)
            append(bigEndian: UInt32(block.fractionLost) << 24 | UInt32(bitPattern: block.totalLost) & 0xFF_FFFF)
            append(bigEndian: block.highestSequence)
            append(bigEndian: block.jitter)
            append(bigEndian: block.lastSenderReport)
            append(bigEndian: block.delaySinceSenderReport)
        }
        let name = Array(name.utf8.prefix(255))
        // The chunk ends with one zero at least and at a multiple of four bytes.
        let padding = 4 - (name.count + 2) % 4
        append(0x81)
        append(202)
        append(bigEndian: UInt16((4 + 2 + name.count + padding) / 4))
        append(bigEndian: source)
        append(1)
        append(UInt8(name.count))
        append(name)
        for _ in 0..<padding { append(0) }
    }

    /// Appends a packet that says that the receiver leaves (RFC 3550, 6.6).
    public func append(goodbyeFrom source: UInt32) {
        append(bigEndian: 0x81CB_0001 as UInt32)
        append(bigEndian: source)
    }
}
