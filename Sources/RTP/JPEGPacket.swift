/// A packet of Motion JPEG with its headers (RFC 2435, 3.1).
struct JPEGPacket {
    /// The place of the scan's bytes in the picture.
    let offset: Int
    /// The picture's chrominance has half the height as well as half the width.
    let isHalfHeight: Bool
    let quality: UInt8
    /// In blocks of 8 pixels; 0 if the size does not fit.
    let width: UInt8
    let height: UInt8
    /// The number of blocks between restart markers; 0 if there are none.
    private(set) var restartInterval: UInt16 = 0
    /// Bit n is set if table n has values of 16 bits.
    private(set) var precision: UInt8 = 0
    private(set) var tables = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The size in ONVIF's header extension, for pictures of more than 2,040 pixels (ONVIF Streaming Specification, 5.1.3),
    /// or in the header of a whole file.
    private(set) var headerSize: FrameSize?
    let scan: UnsafeRawBufferPointer

    /// True if the payload is a file with its own header, which RFC 2435 leaves out.
    var isFile: Bool { offset == 0 && scan.count > 2 && scan[0] == 0xFF && scan[1] == 0xD8 }

    /// Reads the headers; nil if they are cut off or of a type that RFC 2435 does not define.
    init?(_ packet: RTPPacket) {
        let payload = packet.payload
        guard payload.count >= 8 else { return nil }
        offset = Int(payload.bigEndian32(at: 0) & 0xFF_FFFF)
        let type = payload[4]
        guard type & 0x3F <= 1, type < 128 else { return nil }
        isHalfHeight = type & 0x3F == 1
        quality = payload[5]
        width = payload[6]
        height = payload[7]
        var index = 8
        if type >= 64 {
            guard payload.count >= 12 else { return nil }
            restartInterval = payload.bigEndian16(at: 8)
            index = 12
        }
        if offset == 0, quality >= 128 {
            guard payload.count >= index + 4 else { return nil }
            precision = payload[index + 1]
            let length = Int(payload.bigEndian16(at: index + 2))
            index += 4
            guard length <= payload.count - index else { return nil }
            tables = UnsafeRawBufferPointer(rebasing: payload[index..<(index + length)])
            index += length
        }
        scan = payload.from(index)
        if offset == 0, let header = packet.headerExtension, header.profile == 0xFFD8 {
            headerSize = Self.size(header.bytes)
        } else if isFile {
            headerSize = Self.size(scan.from(2))
        }
    }

    /// Finds the size in the segments of a JPEG header that follow SOI.
    private static func size(_ bytes: UnsafeRawBufferPointer) -> FrameSize? {
        var index = 0
        while index + 9 <= bytes.count, bytes[index] == 0xFF {
            let marker = bytes[index + 1]
            // Filling bytes.
            if marker == 0xFF {
                index += 1
                continue
            }
            // Baseline, extended, progressive.
            if 0xC0...0xC2 ~= marker {
                return FrameSize(
                    width: Int(bytes.bigEndian16(at: index + 7)),
                    height: Int(bytes.bigEndian16(at: index + 5))
                )
            }
            index += 2 + Int(bytes.bigEndian16(at: index + 2))
        }
        return nil
    }
}
