/// An RTP packet in memory that belongs to somebody else (RFC 3550, 5.1).
///
/// Nothing is copied: the packet is valid as long as the bytes it was read from.
public struct RTPPacket {
    /// A header extension (RFC 3550, 5.3.1): the profile's number and the bytes behind it.
    public struct Extension {
        /// The first 16 bits, whose meaning the profile defines.
        public let profile: UInt16
        /// A multiple of four bytes.
        public let bytes: UnsafeRawBufferPointer
    }

    /// The whole packet, including header and padding.
    public let bytes: UnsafeRawBufferPointer
    /// The bytes between header and padding; may be empty.
    public let payload: UnsafeRawBufferPointer
    /// Wraps around after 65,535.
    public let sequence: UInt16
    /// In ticks of the payload's clock, begins anywhere and wraps around.
    public let timestamp: UInt32
    /// The synchronisation source, which names one series of sequence numbers and timestamps.
    public let source: UInt32
    /// A number between 0 and 127 that the session description explains.
    public let payloadType: UInt8
    /// The marker bit; with video it usually stands in the last packet of a frame.
    public let marker: Bool
    private let extensionOffset: UInt16

    /// Reads the header; nil if the bytes are too few for it or of another version.
    ///
    /// A padding bit with an impossible count is passed over, as players do: some cameras set the bit by mistake.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 12, bytes[0] >> 6 == 2 else { return nil }
        let first = bytes[0]
        var start = 12 + Int(first & 0x0F) * 4
        extensionOffset = first & 0x10 == 0 ? 0 : UInt16(start)
        if first & 0x10 != 0 {
            guard start + 4 <= bytes.count else { return nil }
            start += 4 + Int(bytes.bigEndian16(at: start + 2)) * 4
        }
        guard start <= bytes.count else { return nil }
        var end = bytes.count
        if first & 0x20 != 0, Int(bytes[end - 1]) <= end - start {
            end -= Int(bytes[end - 1])
        }
        self.bytes = bytes
        payload = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        marker = bytes[1] & 0x80 != 0
        payloadType = bytes[1] & 0x7F
        sequence = bytes.bigEndian16(at: 2)
        timestamp = bytes.bigEndian32(at: 4)
        source = bytes.bigEndian32(at: 8)
    }

    /// The header extension, if there is one.
    public var headerExtension: Extension? {
        guard extensionOffset != 0 else { return nil }
        let start = Int(extensionOffset)
        let end = start + 4 + Int(bytes.bigEndian16(at: start + 2)) * 4
        return Extension(
            profile: bytes.bigEndian16(at: start),
            bytes: UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<end])
        )
    }

    /// True if the bytes are RTCP on a channel that carries both (RFC 5761, 4; the types that are assigned).
    public static func isControl(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 4, bytes[0] >> 6 == 2 else { return false }
        return (200...210).contains(bytes[1]) || (192...195).contains(bytes[1])
    }
}

extension UnsafeRawBufferPointer {
    /// Two bytes, most significant first; the caller has checked that they are there.
    @inline(__always)
    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// Four bytes, most significant first; the caller has checked that they are there.
    @inline(__always)
    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The bytes from `offset` on; empty if there are none.
    @inline(__always)
    func from(_ offset: Int) -> UnsafeRawBufferPointer {
        offset >= count
            ? UnsafeRawBufferPointer(start: nil, count: 0) : UnsafeRawBufferPointer(rebasing: self[offset...])
    }
}
