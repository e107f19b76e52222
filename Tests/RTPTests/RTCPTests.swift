import Encodings
import RTP
import SeededNumbers
import Testing

@Suite struct RTCPTests {
    private func read(_ bytes: [UInt8]) -> [RTCPReader.Packet] {
        bytes.withUnsafeBytes { Array(RTCPReader($0)) }
    }

    private let senderReport: [UInt8] =
        [0x80, 200, 0, 6] + big(UInt32(7)) + big(UInt64(0xE000_0000_8000_0000)) + big(UInt32(90_000)) + big(UInt32(11))
        + big(UInt32(12))

    @Test func `a compound packet is read packet by packet`() {
        let description: [UInt8] = [0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, 65, 0]
        let goodbye: [UInt8] = [0x81, 203, 0, 1, 0, 0, 0, 7]
        let report = RTCPSenderReport(
            source: 7,
            networkTime: 0xE000_0000_8000_0000,
            timestamp: 90_000,
            packets: 11,
            octets: 12
        )
        #expect(
            read(senderReport + description + goodbye + [0x80, 204, 0, 0])
                == [.senderReport(report), .description, .goodbye(source: 7), .other(type: 204)]
        )
    }

    @Test func `reading ends where a packet is not whole`() {
        #expect(read(Array(senderReport.dropLast())) == [])
        #expect(read(senderReport + [0x80, 201, 0xFF, 0xFF]).count == 1)
        #expect(read([0x40, 200, 0, 0]) == [])
        #expect(read([0x80, 200, 0, 1, 0, 0, 0, 7, 0x80, 203, 0, 0]) == [.other(type: 200), .other(type: 203)])
        #expect(read([]) == [])
    }

    @Test func `a receiver report is written as RFC 3550 has it`() {
        let buffer = ByteBuffer()
        var block = RTCPReceptionReport(source: 0x0A0B_0C0D)
        block.fractionLost = 0x40
        block.totalLost = -2
        block.highestSequence = 0x0001_0002
        block.jitter = 3
        block.lastSenderReport = 4
        block.delaySinceSenderReport = 5
        buffer.append(receiverReportFrom: 0x0102_0304, blocks: [block], name: "abc")
        let expected: [UInt8] =
            [0x81, 201, 0, 7, 1, 2, 3, 4, 10, 11, 12, 13, 0x40, 0xFF, 0xFF, 0xFE, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]
            + [0, 0, 0, 5] + [0x81, 202, 0, 3, 1, 2, 3, 4, 1, 3, 97, 98, 99, 0, 0, 0]
        #expect(Array(buffer.bytes) == expected)
    }

    @Test(arguments: 0..<9) func `a name of any length fills whole words`(length: Int) {
        let buffer = ByteBuffer()
        buffer.append(receiverReportFrom: 1, blocks: [], name: String(repeating: "x", count: length))
        buffer.append(goodbyeFrom: 1)
        #expect(buffer.count % 4 == 0)
        #expect(read(Array(buffer.bytes)) == [.receiverReport, .description, .goodbye(source: 1)])
    }

    @Test func `more than fits is left out`() {
        let buffer = ByteBuffer()
        let blocks = (0..<40).map { RTCPReceptionReport(source: $0) }
        buffer.append(receiverReportFrom: 1, blocks: blocks, name: String(repeating: "x", count: 1000))
        #expect(read(Array(buffer.bytes)) == [.receiverReport, .description])
        #expect(buffer.bytes[0] == 0x80 | 31)
    }

    @Test func `random bytes never trap`() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes = senderReport + senderReport
            for _ in 0..<4 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = read(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator))))
        }
    }
}
