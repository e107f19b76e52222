import RTP
import Testing

@Suite struct RTPPacketTests {
    private func parse<Result>(_ bytes: [UInt8], _ body: (RTPPacket) -> Result) -> Result? {
        bytes.withUnsafeBytes { raw in
            RTPPacket(raw).map(body)
        }
    }

    @Test func `the header's fields are read`() {
        let bytes = TestPacket(
            payload: [1, 2, 3],
            timestamp: 0xFEDC_BA98,
            sequence: 0xABCD,
            source: 0x1020_3040,
            payloadType: 127,
            marker: true
        ).bytes
        let isRight = parse(bytes) { packet in
            packet.timestamp == 0xFEDC_BA98 && packet.sequence == 0xABCD && packet.source == 0x1020_3040
                && packet.payloadType == 127 && packet.marker && Array(packet.payload) == [1, 2, 3]
                && packet.headerExtension == nil
        }
        #expect(isRight == true)
    }

    @Test func `contributing sources, extension and padding surround the payload`() {
        var bytes: [UInt8] = [0xB2, 96, 0, 1] + [UInt8](repeating: 0, count: 8)
        bytes += [1, 1, 1, 1, 2, 2, 2, 2]
        bytes += [0xAB, 0xAC, 0, 2, 9, 9, 9, 9, 8, 8, 8, 8]
        bytes += [42, 43, 0, 0, 3]
        #expect(parse(bytes) { Array($0.payload) } == [42, 43])
        #expect(parse(bytes) { $0.headerExtension?.profile } == 0xABAC)
        #expect(parse(bytes) { $0.headerExtension.map { Array($0.bytes) } } == [9, 9, 9, 9, 8, 8, 8, 8])
        #expect(parse(bytes) { !$0.marker } == true)
    }

    @Test func `a payload may be empty`() {
        #expect(parse(TestPacket().bytes) { $0.payload.count } == 0)
        #expect(parse([0xA0] + TestPacket(payload: [0, 0, 3]).bytes.dropFirst()) { $0.payload.count } == 0)
    }

    @Test(arguments: [0, 4, 255] as [UInt8]) func `an impossible padding is passed over`(count: UInt8) {
        let bytes = [0xA0] + TestPacket(payload: [7, 7, count]).bytes.dropFirst()
        #expect(parse(bytes) { Array($0.payload) } == [7, 7, count])
    }

    @Test func `what is no packet is refused`() {
        let bytes = TestPacket(payload: [1, 2, 3]).bytes
        for count in 0..<12 { #expect(parse(Array(bytes[..<count])) { _ in } == nil) }
        for first: UInt8 in [0x00, 0x40, 0xC0, 0x81, 0x90] {
            #expect(parse([first] + bytes.dropFirst()) { _ in } == nil)
        }
        #expect(parse([0x90] + bytes[1..<12] + [0, 0, 0, 1, 5]) { _ in } == nil)
        #expect(parse([0x90] + bytes[1..<12] + [0, 0, 0xFF, 0xFF, 5]) { _ in } == nil)
    }

    @Test func `control packets on the same channel are told apart`() {
        let types = (0...255).filter { type in
            [0x80, UInt8(type), 0, 1].withUnsafeBytes { RTPPacket.isControl($0) }
        }
        #expect(types == Array(192...195) + Array(200...210))
        #expect(![0x80, 200].withUnsafeBytes { RTPPacket.isControl($0) })
    }
}
