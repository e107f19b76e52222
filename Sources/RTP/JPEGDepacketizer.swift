public import Encodings

/// Pictures of Motion JPEG from RTP (RFC 2435), as JFIF files with the headers and tables that packets leave out.
///
/// A picture of which a packet is lost is left out as a whole.
public struct JPEGDepacketizer: Depacketizer {
    private var writer: UnitWriter
    private let dimensions: (width: Int, height: Int)?
    /// Quantization tables by quality, with the bits that tell tables of 16-bit values.
    private var tables: [UInt8: (precision: UInt8, bytes: [UInt8])] = [:]

    // The picture that waits for parts.
    private var timestamp: Int64 = 0
    /// Bytes of the scan that have come, as fragments count them.
    private var scanned = 0
    private var hasBegun = false

    /// Creates a depacketizer.
    ///
    /// - Parameters:
    ///   - dimensions: The size in the session description (a=x-dimensions or a=framesize), if there is one: packets can't
    ///     tell sizes above 2,040.
    ///   - limits: Bounds of what one picture may be.
    public init(dimensions: (width: Int, height: Int)? = nil, limits: DepacketizerLimits = DepacketizerLimits()) {
        self.dimensions = dimensions
        writer = UnitWriter(limits: limits)
    }

    /// Counters of what was left out.
    public var statistics: DepacketizerStatistics { writer.statistics }

    /// Moves the bytes of the present picture to the end of another buffer.
    public mutating func moveFrame(from old: ByteBuffer, to new: ByteBuffer) {
        writer.move(from: old, to: new)
    }

    /// Gives up the present picture, of which parts are missing.
    public mutating func finish(in buffer: ByteBuffer) -> CodedFrame? {
        writer.drop(in: buffer)
        return nil
    }

    /// Reads on in a delivery.
    public mutating func next(
        from delivery: inout RTPDelivery,
        into buffer: ByteBuffer
    ) throws(DepacketizerError) -> FrameEvent? {
        if delivery.stage == .arrived {
            writer.arrive(delivery, in: buffer)
            delivery.stage = .reading
            hasBegun = false
            if writer.pendingStart != nil, delivery.timestamp != timestamp {
                // A camera that sets no marker.
                if let frame = try end(in: buffer) { return .frame(frame) }
            }
        }
        guard delivery.stage == .reading else { return nil }
        guard let packet = JPEGPacket(delivery.packet) else {
            if !delivery.packet.payload.isEmpty { refuse(in: buffer) }
            delivery.stage = .done
            return nil
        }
        if packet.offset == 0, !hasBegun {
            hasBegun = true
            writer.drop(in: buffer)
            var start = writer.start(timestamp: delivery.timestamp)
            start.size = size(packet)
            return .began(start)
        }
        delivery.stage = .done
        if packet.offset == 0 {
            guard try begin(packet, in: buffer) else { return nil }
            timestamp = delivery.timestamp
            scanned = 0
        } else if writer.pendingStart == nil {
            // The beginning of the picture is missing, or was refused.
            return nil
        } else if packet.offset != scanned {
            refuse(in: buffer)
            return nil
        }
        scanned += packet.scan.count
        try writer.append(packet.scan, to: buffer)
        guard delivery.packet.marker, let frame = try end(in: buffer) else { return nil }
        return .frame(frame)
    }

    private mutating func refuse(in buffer: ByteBuffer) {
        writer.statistics.malformed += 1
        writer.drop(in: buffer)
    }

    private mutating func end(in buffer: ByteBuffer) throws(DepacketizerError) -> CodedFrame? {
        let bytes = buffer.bytes
        let hasEnd = bytes.count >= 2 && bytes[bytes.count - 2] == 0xFF && bytes[bytes.count - 1] == 0xD9
        if !hasEnd { try writer.append([0xFF, 0xD9], to: buffer) }
        return writer.end(in: buffer, timestamp: timestamp, duration: 0)
    }

    /// Writes the headers of a picture; returns false if its packet lacks what they need.
    private mutating func begin(_ packet: JPEGPacket, in buffer: ByteBuffer) throws(DepacketizerError) -> Bool {
        // A whole file, as some cameras send it.
        if packet.isFile { return true }
        guard let (precision, bytes) = quantizers(packet), let size = size(packet) else {
            refuse(in: buffer)
            return false
        }
        let header = ByteBuffer(capacity: 1024)
        // SOI, and a JFIF segment of version 1.1 without density.
        header.append([0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0])
        let count = Self.append(tables: bytes, precision: precision, to: header)
        if packet.restartInterval > 0 {
            header.append(bigEndian: 0xFFDD_0004 as UInt32)
            header.append(bigEndian: packet.restartInterval)
        }
        header.append([0xFF, 0xC0, 0, 17, 8])
        header.append(bigEndian: UInt16(size.height))
        header.append(bigEndian: UInt16(size.width))
        // Three components with their sampling (4:2:2 or 4:2:0) and tables.
        let chroma: UInt8 = count > 1 ? 1 : 0
        header.append([3, 1, packet.isHalfHeight ? 0x22 : 0x21, 0, 2, 0x11, chroma, 3, 0x11, chroma])
        header.append(JPEGTables.huffmanSegment)
        header.append([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0])
        try writer.append(header.bytes, to: buffer)
        return true
    }

    /// Appends one segment per table; returns their number.
    private static func append(tables: [UInt8], precision: UInt8, to header: ByteBuffer) -> Int {
        var index = 0
        var place = 0
        while index < 4 {
            let isWide = precision >> UInt8(index) & 1 == 1
            let size = isWide ? 128 : 64
            guard place + size <= tables.count else { break }
            header.append([0xFF, 0xDB, 0, UInt8(size + 3), (isWide ? 0x10 : 0) | UInt8(index)])
            header.append(Array(tables[place..<(place + size)]))
            place += size
            index += 1
        }
        return index
    }

    /// Returns the quantization tables of a picture; those of a quality from 128 on are kept for packets without them.
    private mutating func quantizers(_ packet: JPEGPacket) -> (precision: UInt8, bytes: [UInt8])? {
        let quality = packet.quality
        if quality < 128 {
            guard (1...99).contains(quality) else { return nil }
            if tables[quality] == nil { tables[quality] = (0, JPEGTables.quantizers(quality: quality)) }
            return tables[quality]
        }
        if packet.tables.isEmpty { return quality == 255 ? nil : tables[quality] }
        guard packet.tables.count >= (packet.precision & 1 == 1 ? 128 : 64), packet.tables.count <= 512 else {
            return nil
        }
        if let known = tables[quality], known.precision == packet.precision, known.bytes.elementsEqual(packet.tables) {
            return known
        }
        tables[quality] = (packet.precision, Array(packet.tables))
        return tables[quality]
    }

    /// Returns the size of a picture: what packets say, or the description where 8 bits can't say it.
    private func size(_ packet: JPEGPacket) -> FrameSize? {
        if let size = packet.headerSize { return size }
        func choose(_ blocks: UInt8, _ known: Int?) -> Int? {
            guard let known, known > 0, known <= 65_535,
                UInt8(truncatingIfNeeded: (known + 7) / 8) == blocks || blocks == 0
            else { return blocks > 0 ? Int(blocks) * 8 : nil }
            return known
        }
        guard let width = choose(packet.width, dimensions?.width),
            let height = choose(packet.height, dimensions?.height)
        else { return nil }
        return FrameSize(width: width, height: height)
    }
}
