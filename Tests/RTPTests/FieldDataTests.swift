import Encodings
import Glibc
import RTP
import Testing

/// Inputs that once broke other readers, if their folder is there (OBSERVER_TEST_FIELD_DATA).
@Suite(.enabled(if: FieldData.root != nil)) struct FieldDataTests {
    @Test func `inputs that broke other readers break none of ours`() throws {
        let files = FieldData.files(below: "\(try #require(FieldData.root))/fuzz")
        try #require(files.count > 100)
        for bytes in files {
            let packets = Self.packets(in: bytes)
            for payloads in [packets.map { Array($0.dropFirst(12)) }, [bytes]] {
                Self.read(H264Depacketizer(), payloads)
                Self.read(H264Depacketizer(parameterSets: payloads), payloads)
                Self.read(H265Depacketizer(), payloads)
                Self.read(H265Depacketizer(parameterSets: payloads, hasDecodingOrder: true), payloads)
                Self.read(AACDepacketizer(), payloads)
                Self.read(AACDepacketizer(configuration: .lowBitRate), payloads)
                Self.read(LATMDepacketizer(), payloads)
                Self.read(MPEGAudioDepacketizer(), payloads)
                Self.read(OpusDepacketizer(), payloads)
                Self.read(SampleDepacketizer(bitsPerSample: 16, channels: 2), payloads)
                Self.read(JPEGDepacketizer(), payloads)
            }
            Self.receive(packets + [bytes])
            _ = bytes.withUnsafeBytes { Array(RTCPReader($0)) }
        }
    }

    private static func read(_ format: some Depacketizer, _ payloads: [[UInt8]]) {
        var reader = TrackReader(format)
        for (index, payload) in payloads.enumerated() {
            reader.send(payload, at: Int64(index / 3), marker: index % 3 == 2, afterGap: index % 7 == 6)
        }
        reader.finish()
        for seen in reader.seen { #expect(!seen.bytes.isEmpty && seen.frame.range.upperBound <= reader.buffer.count) }
    }

    private static func receive(_ packets: [[UInt8]]) {
        var receivers = [RTPReceiver(), RTPReceiver(reordering: RTPReorderLimits())]
        for packet in packets where packet.count >= 12 {
            // The readers that these were made for do not look at the version.
            let versioned = [packet[0] & 0x3F | 0x80] + packet.dropFirst()
            versioned.withUnsafeBytes { raw in
                guard let packet = RTPPacket(raw) else { return }
                for index in receivers.indices { receivers[index].receive(packet, at: 0) { _ in } }
            }
        }
    }

    /// The packets of a file: each has its length in front, least significant byte first.
    private static func packets(in bytes: [UInt8]) -> [[UInt8]] {
        var packets: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 4 {
            let size = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            packets.append(Array(rest.dropFirst(4).prefix(size)))
            rest = rest.dropFirst(4).dropFirst(size)
        }
        return packets
    }
}

private enum FieldData {
    static let root = getenv("OBSERVER_TEST_FIELD_DATA").map { String(cString: $0) }

    /// The contents of all files below a folder.
    static func files(below folder: String) -> [[UInt8]] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var files: [[UInt8]] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) {
                files += Self.files(below: "\(folder)/\(name)")
            } else if let file = fopen("\(folder)/\(name)", "r") {
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                let count = fread(&bytes, 1, bytes.count, file)
                fclose(file)
                files.append(Array(bytes.prefix(count)))
            }
        }
        return files
    }
}
