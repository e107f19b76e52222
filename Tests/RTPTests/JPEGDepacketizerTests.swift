import Encodings
import RTP
import Testing

@Suite struct JPEGDepacketizerTests {
    private var reader = TrackReader(JPEGDepacketizer())
    private let scan = (0..<250).map { UInt8($0 + 1) }

    /// A payload (RFC 2435, 3.1): 320 × 240 unless a test says otherwise.
    private static func payload(
        _ scan: some Sequence<UInt8>,
        offset: Int = 0,
        type: UInt8 = 1,
        quality: UInt8 = 50,
        width: UInt8 = 40,
        height: UInt8 = 30,
        extra: [UInt8] = []
    ) -> [UInt8] {
        big(UInt32(offset)) + [type, quality, width, height] + extra + scan
    }

    /// The segments of a JPEG file by marker, up to the scan, and the bytes behind SOS.
    private func segments(_ bytes: [UInt8]) -> (segments: [(marker: UInt8, body: [UInt8])], scan: [UInt8])? {
        guard bytes.starts(with: [0xFF, 0xD8]) else { return nil }
        var index = 2
        var segments: [(UInt8, [UInt8])] = []
        while index + 4 <= bytes.count, bytes[index] == 0xFF {
            let size = Int(bytes[index + 2]) << 8 | Int(bytes[index + 3])
            guard index + 2 + size <= bytes.count else { return nil }
            segments.append((bytes[index + 1], Array(bytes[(index + 4)..<(index + 2 + size)])))
            index += 2 + size
            if segments.last?.0 == 0xDA { return (segments, Array(bytes[index...])) }
        }
        return nil
    }

    private func body(_ marker: UInt8, _ index: Int = 0) -> [UInt8]? {
        guard let found = reader.seen.last.flatMap({ segments($0.bytes) }) else { return nil }
        let bodies = found.segments.filter { $0.marker == marker }.map(\.body)
        return index < bodies.count ? bodies[index] : nil
    }

    @Test mutating func `headers and tables are put in front of the scan`() {
        reader.send(Self.payload(scan[..<100]), at: 900)
        reader.send(Self.payload(scan[100...], offset: 100), at: 900, marker: true)
        let found = reader.seen.first.flatMap { segments($0.bytes) }
        #expect(found?.segments.map(\.marker) == [0xE0, 0xDB, 0xDB, 0xC0, 0xC4, 0xDA])
        #expect(found?.scan == scan + [0xFF, 0xD9])
        #expect(reader.starts.map(\.kind) == [.idr])
        #expect(reader.seen.map(\.timestamp) == [900])
        // 240 × 320, 4:2:0.
        #expect(body(0xC0) == [8, 0, 240, 1, 64, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
        // Quality 50 is the standard table itself.
        #expect(body(0xDB)?.prefix(5) == [0, 16, 11, 12, 14])
        #expect(body(0xDB, 1)?.prefix(5) == [1, 17, 18, 18, 24])
        // Four tables of 16 counts each with as many symbols as they count.
        #expect(body(0xC4)?.count == 416)
    }

    @Test mutating func `the quality scales the tables`() {
        reader.send(Self.payload(scan, type: 0, quality: 25), marker: true)
        #expect(body(0xDB)?.prefix(4) == [0, 32, 22, 24])
        #expect(body(0xC0)?[7] == 0x21)
        reader.send(Self.payload(scan, quality: 99), at: 1, marker: true)
        #expect(body(0xDB)?.allSatisfy { $0 <= 3 } == true)
    }

    @Test mutating func `tables in packets are used, and kept for packets without them`() {
        let tables = [UInt8](repeating: 7, count: 64) + [UInt8](repeating: 8, count: 64)
        reader.send(Self.payload(scan, quality: 130, extra: [0, 0, 0, 128] + tables), marker: true)
        #expect(body(0xDB) == [0] + tables[..<64] && body(0xDB, 1) == [1] + tables[64...])
        reader.send(Self.payload(scan, quality: 130, extra: [0, 0, 0, 0]), at: 1, marker: true)
        #expect(body(0xDB, 1) == [1] + tables[64...])
        reader.send(Self.payload(scan, quality: 131, extra: [0, 0, 0, 0]), at: 2, marker: true)
        reader.send(Self.payload(scan, quality: 255, extra: [0, 0, 0, 0]), at: 3, marker: true)
        #expect(reader.seen.count == 2)
    }

    @Test mutating func `tables may be one, or of 16 bits`() {
        let one = [UInt8](repeating: 7, count: 64)
        reader.send(Self.payload(scan, quality: 255, extra: [0, 0, 0, 64] + one), marker: true)
        #expect(body(0xDB, 1) == nil && body(0xC0)?.suffix(6) == [2, 0x11, 0, 3, 0x11, 0])
        let wide = [UInt8](repeating: 1, count: 128)
        reader.send(Self.payload(scan, quality: 255, extra: [0, 1, 0, 192] + wide + one), at: 1, marker: true)
        #expect(body(0xDB) == [0x10] + wide && body(0xDB, 1) == [1] + one)
    }

    @Test mutating func `restart markers have their interval`() {
        reader.send(Self.payload(scan[..<50], type: 65, extra: [0, 9, 0xFF, 0xFF]))
        reader.send(Self.payload(scan[50...], offset: 50, type: 65, extra: [0, 9, 0xFF, 0xFF]), marker: true)
        #expect(body(0xDD) == [0, 9])
        #expect(reader.seen.first.flatMap { segments($0.bytes) }?.scan == scan + [0xFF, 0xD9])
    }

    @Test mutating func `a size above 2,040 comes from the description or the header extension`() {
        reader = TrackReader(JPEGDepacketizer(dimensions: (2592, 1944)))
        reader.send(Self.payload(scan, width: 0, height: 0), marker: true)
        #expect(body(0xC0)?[1...4] == [0x07, 0x98, 0x0A, 0x20])
        // 324 blocks of which 8 bits are left.
        reader.send(Self.payload(scan, width: 68, height: 243), at: 1, marker: true)
        #expect(body(0xC0)?[1...4] == [0x07, 0x98, 0x0A, 0x20])
        reader.send(Self.payload(scan, width: 40, height: 30), at: 2, marker: true)
        #expect(body(0xC0)?[1...4] == [0, 240, 1, 64])
        reader = TrackReader(JPEGDepacketizer())
        reader.send(Self.payload(scan, width: 0, height: 0), marker: true)
        #expect(reader.seen.isEmpty)
        let frame: [UInt8] = [
            0xFF, 0xFF, 0xC0, 0, 17, 8, 0x0B, 0xB8, 0x0F, 0xA0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
        ]
        let header = [0xFF, 0xDB, 0, 3, 0] + frame + [0xFF, 0xFF, 0xFF]
        reader.send(
            Self.payload(scan, width: 0, height: 0),
            at: 1,
            marker: true,
            headerExtension: [0xFF, 0xD8] + big(UInt16(header.count / 4)) + header
        )
        #expect(body(0xC0)?[1...4] == [0x0B, 0xB8, 0x0F, 0xA0])
    }

    @Test mutating func `an end that is there is not written again, and a whole file stays as it is`() {
        reader.send(Self.payload(scan + [0xFF, 0xD9]), marker: true)
        #expect(reader.seen.last.flatMap { segments($0.bytes) }?.scan == scan + [0xFF, 0xD9])
        reader.send(Self.payload([0xFF, 0xD8, 0xFF, 0xE0] + scan), at: 1, marker: true)
        #expect(reader.seen.last?.bytes == [0xFF, 0xD8, 0xFF, 0xE0] + scan + [0xFF, 0xD9])
    }

    @Test mutating func `a picture without marker ends with the next one`() {
        reader.send(Self.payload(scan), at: 0)
        reader.send(Self.payload(scan), at: 3600)
        #expect(reader.seen.map(\.timestamp) == [0])
    }

    @Test(arguments: [0, 1, 2]) mutating func `a picture with a lost packet is left out`(lost: Int) {
        for picture in 0..<3 {
            for part in 0..<3 where picture != 1 || part != lost {
                reader.send(
                    Self.payload(scan[(part * 80)..<(part * 80 + 80)], offset: part * 80),
                    at: Int64(picture) * 3600,
                    marker: part == 2,
                    afterGap: picture == 1 && part == lost + 1 || picture == 2 && part == 0 && lost == 2
                )
            }
        }
        #expect(reader.seen.map(\.timestamp) == [0, 7200])
        #expect(reader.seen.map(\.frame.isAfterGap) == [false, true])
        #expect(reader.buffer.count == reader.seen.last?.frame.range.upperBound)
    }

    @Test(
        arguments: [
            [], [0, 0, 0], [0, 0, 0, 0, 2, 50, 40, 30, 1], [0, 0, 0, 0, 128, 50, 40, 30, 1],
            [0, 0, 0, 0, 1, 0, 40, 30, 1],
            [0, 0, 0, 0, 1, 100, 40, 30, 1], [0, 0, 0, 0, 65, 50, 40, 30, 1], [0, 0, 0, 0, 1, 130, 40, 30, 0],
            [0, 0, 0, 0, 1, 130, 40, 30, 0, 0, 0, 9, 1], [0, 0, 0, 0, 1, 130, 40, 30, 0, 0, 0, 1, 1],
            [0, 0, 0, 9, 1, 50, 40, 30, 1],
        ] as [[UInt8]]
    )
    mutating func `a payload of no use gives nothing`(payload: [UInt8]) {
        reader.send(payload, marker: true)
        reader.send(Self.payload(scan), at: 3600, marker: true)
        #expect(reader.seen.map(\.timestamp) == [3600])
    }

    @Test mutating func `a picture tells its size as it begins, by its packets or by its own header`() {
        reader.send(Self.payload(scan), marker: true)
        // A frame header of 1280x720 behind a JFIF segment of four bytes.
        let file: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 1, 0xFF, 0xC0, 0, 17, 8, 2, 0xD0, 5, 0]
        reader.send(Self.payload(file + scan), at: 3600, marker: true)
        #expect(reader.starts.map(\.size) == [FrameSize(width: 320, height: 240), FrameSize(width: 1280, height: 720)])
    }

    @Test func `damaged packets never trap`() {
        let tables = [UInt8](repeating: 7, count: 128)
        let payloads = [
            Self.payload(scan[..<100]), Self.payload(scan[100...], offset: 100),
            Self.payload(scan, quality: 200, extra: [0, 0, 0, 128] + tables),
            Self.payload(scan, type: 64, extra: [0, 9, 1, 1]),
        ]
        var mutation = Mutation(seed: 1, payloads: payloads)
        #expect(mutation.run(JPEGDepacketizer(), times: 50_000, isUnits: false) == [])
    }
}
