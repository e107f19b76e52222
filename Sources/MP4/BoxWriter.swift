import Encodings

/// Builds boxes of an ISO base media file (ISO/IEC 14496-12, 4.2): sizes are filled in when a box is complete.
struct BoxWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 1024) {
        bytes.reserveCapacity(capacity)
    }

    /// Appends a box whose content `body` appends.
    mutating func box(_ type: FourCharacters, _ body: (inout BoxWriter) -> Void) {
        let start = bytes.count
        append(UInt32(0))
        append(type.number)
        body(&self)
        patch(UInt32(truncatingIfNeeded: bytes.count - start), at: start)
    }

    /// Appends a box that begins with a version and flags (4.2.2).
    mutating func fullBox(
        _ type: FourCharacters,
        version: UInt8 = 0,
        flags: UInt32 = 0,
        _ body: (inout BoxWriter) -> Void
    ) {
        box(type) { writer in
            writer.append(UInt32(version) << 24 | flags)
            body(&writer)
        }
    }

    /// Appends a descriptor of ISO/IEC 14496-1, 8.3.3, with a length of four bytes, as most writers do.
    mutating func descriptor(_ tag: UInt8, _ body: (inout BoxWriter) -> Void) {
        append(tag)
        let start = bytes.count
        append(UInt32(0))
        body(&self)
        let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
        let groups = [length >> 21, length >> 14, length >> 7, length].map { $0 & 0x7F }
        patch(groups.reduce(0) { $0 << 8 | $1 } | 0x8080_8000, at: start)
    }

    /// Appends an `esds` box (ISO/IEC 14496-14, 5.6) with one decoder configuration.
    mutating func elementaryStream(objectType: UInt8, streamType: UInt8, specific: [UInt8]) {
        fullBox("esds") { box in
            box.descriptor(0x03) { stream in
                stream.append(UInt16(0))
                stream.append(UInt8(0))
                stream.descriptor(0x04) { decoder in
                    decoder.append(objectType)
                    decoder.append(streamType << 2 | 1)
                    decoder.appendZeros(11)
                    if !specific.isEmpty { decoder.descriptor(0x05) { $0.append(specific) } }
                }
                stream.descriptor(0x06) { $0.append(UInt8(2)) }
            }
        }
    }

    mutating func append(_ number: some FixedWidthInteger & BitwiseCopyable) {
        bytes.append(bigEndian: number)
    }

    mutating func append(_ more: [UInt8]) {
        bytes += more
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func appendZeros(_ count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// Overwrites four bytes that were appended before.
    mutating func patch(_ number: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * index)) }
    }
}
