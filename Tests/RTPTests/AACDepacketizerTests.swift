import Encodings
import RTP
import SeededNumbers
import Testing

@Suite struct AACDepacketizerTests {
    private var reader = TrackReader(AACDepacketizer())

    /// A payload of AAC-hbr: 13 bits of size and 3 of number for each unit.
    private static func payload(_ units: [[UInt8]], numbers: [Int] = []) -> [UInt8] {
        let headers = units.enumerated().flatMap { index, unit in
            big(UInt16(unit.count << 3 | (index < numbers.count ? numbers[index] : 0)))
        }
        return big(UInt16(units.count * 16)) + headers + units.joined()
    }

    /// A unit behind an ADTS header, with a checksum if asked for.
    private static func adts(_ unit: [UInt8], checksum: Bool = false) -> [UInt8] {
        let size = unit.count + (checksum ? 9 : 7)
        let rest: [UInt8] = checksum ? [0xAA, 0xBB] : []
        return [0xFF, checksum ? 0xF0 : 0xF1, 0x50, UInt8(size >> 11) | 0x80, UInt8(size >> 3 & 0xFF)]
            + [UInt8(size << 5 & 0xFF) | 0x1F, 0xFC] + rest + unit
    }

    private static func unit(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 200 + 1) } }

    @Test mutating func `a unit is a frame of 1,024 samples`() {
        reader.send(Self.payload([Self.unit(300)]), at: 5000, marker: true)
        reader.send(Self.payload([Self.unit(200)]), at: 6024)
        #expect(reader.seen.map(\.bytes) == [Self.unit(300), Self.unit(200)])
        #expect(reader.seen.map(\.timestamp) == [5000, 6024])
        #expect(reader.seen.map(\.frame.duration) == [1024, 1024])
        #expect(reader.seen.allSatisfy { $0.kind == .idr })
        #expect(reader.starts.isEmpty)
    }

    @Test mutating func `several units follow each other in time, with the distances they name`() {
        let units = [Self.unit(10), Self.unit(20), Self.unit(30)]
        reader.send(Self.payload(units), at: 1000)
        reader.send(Self.payload(units, numbers: [5, 0, 2]), at: 9000)
        #expect(reader.seen.map(\.bytes) == units + units)
        #expect(reader.seen.map(\.timestamp) == [1000, 2024, 3048, 9000, 10_024, 13_096])
    }

    @Test mutating func `low bit rate has shorter headers`() {
        reader = TrackReader(AACDepacketizer(configuration: .lowBitRate))
        // Sizes 20 and 7: 010100 00 000111 00.
        reader.send([0, 16, 0x50, 0x1C] + Self.unit(20) + Self.unit(7))
        #expect(reader.seen.map(\.bytes) == [Self.unit(20), Self.unit(7)])
    }

    @Test mutating func `other fields of a header are passed over`() {
        var configuration = AACDepacketizer.Configuration()
        configuration.sizeLength = 8
        configuration.indexLength = 0
        configuration.indexDeltaLength = 0
        configuration.compositionTimeLength = 7
        configuration.decodingTimeLength = 4
        configuration.hasRandomAccessFlag = true
        configuration.streamStateLength = 3
        configuration.auxiliarySizeLength = 8
        configuration.duration = 960
        reader = TrackReader(AACDepacketizer(configuration: configuration))
        // 5, no times, flag, state; 3, both times, flag, state: 14 and 25 bits. An auxiliary section of 12 bits.
        let bits = "00000101" + "0" + "0" + "1" + "101" + "00000011" + "1" + "1010101" + "1" + "0110" + "0" + "111"
        let headers = stride(from: 0, to: 40, by: 8).map { start in
            UInt8(String((bits + "0").dropFirst(start).prefix(8)), radix: 2) ?? 0
        }
        reader.send([0, 39] + headers + [12, 0xFF, 0xF0] + Self.unit(5) + Self.unit(3))
        #expect(reader.seen.map(\.bytes) == [Self.unit(5), Self.unit(3)])
        #expect(reader.seen.map(\.timestamp) == [0, 960])
    }

    @Test mutating func `units of a constant size need no headers`() {
        var configuration = AACDepacketizer.Configuration()
        configuration.sizeLength = 0
        configuration.indexLength = 0
        configuration.indexDeltaLength = 0
        reader = TrackReader(AACDepacketizer(configuration: configuration))
        reader.send(Self.unit(25))
        #expect(reader.seen.map(\.bytes) == [Self.unit(25)])
        configuration.constantSize = 10
        reader = TrackReader(AACDepacketizer(configuration: configuration))
        reader.send(Self.unit(20))
        #expect(reader.seen.map(\.bytes) == [Self.unit(10), Array(Self.unit(20).suffix(10))])
    }

    @Test mutating func `fragments make a unit whole`() {
        let unit = Self.unit(3000)
        let header = big(UInt16(16)) + big(UInt16(3000 << 3))
        reader.send(header + unit[..<1400], at: 7)
        reader.send(header + unit[1400..<2800], at: 7)
        reader.send(header + unit[2800...], at: 7, marker: true)
        reader.send(Self.payload([Self.unit(9)]), at: 1031, marker: true)
        #expect(reader.seen.map(\.bytes) == [unit, Self.unit(9)])
    }

    @Test mutating func `a unit with a lost fragment is left out`() {
        let header = big(UInt16(16)) + big(UInt16(3000 << 3))
        reader.send(header + Self.unit(1400), at: 7)
        reader.send(header + Self.unit(200), at: 7, marker: true, afterGap: true)
        reader.send(header + Self.unit(1400), at: 1031)
        reader.send(Self.payload([Self.unit(9)]), at: 2055)
        #expect(reader.seen.map(\.bytes) == [Self.unit(9)])
        #expect(reader.seen.first?.frame.isAfterGap == true)
        #expect(reader.depacketizer.statistics.droppedFrames == 2)
        #expect(reader.buffer.count == 9)
    }

    @Test mutating func `ADTS headers are taken off`() {
        reader.send(Self.payload([Self.adts(Self.unit(300))]))
        reader.send(Self.payload([Self.adts(Self.unit(50), checksum: true), Self.adts(Self.unit(60))]), at: 1024)
        // Without any header of RFC 3640.
        reader.send(Self.adts(Self.unit(70)) + Self.adts(Self.unit(80)), at: 3072)
        #expect(reader.seen.map(\.bytes.count) == [300, 50, 60, 70, 80])
        #expect(reader.seen.map(\.timestamp) == [0, 1024, 2048, 3072, 4096])
    }

    @Test mutating func `bytes that only look like ADTS stay`() {
        let unit = [0xFF, 0xF1] + Self.unit(30)
        reader.send(Self.payload([unit]))
        #expect(reader.seen.map(\.bytes) == [unit])
    }

    @Test(
        arguments: [
            [], [0], [0, 0], [0, 16], [0, 16, 0, 24], [0xFF, 0xFF, 1, 2, 3], [0, 16, 0, 0, 1], [0, 8, 1, 2],
            [0, 32, 0, 8, 0, 80, 1],
        ] as [[UInt8]]
    )
    mutating func `a payload of no use gives nothing that is not there`(payload: [UInt8]) {
        reader.send(payload)
        #expect(reader.seen.map(\.bytes) == (payload.count == 7 ? [[1]] : []))
        reader.send(Self.payload([Self.unit(9)]), at: 1024, restart: true)
        #expect(reader.seen.last?.bytes == Self.unit(9))
        #expect(reader.seen.last?.frame.isRestart == true)
        #expect(reader.error == nil)
    }

    @Test mutating func `a buffer and a unit have a most of bytes`() {
        reader.buffer = ByteBuffer(capacity: 16, limit: 100)
        for _ in 0..<5 where reader.error == nil { reader.send(Self.payload([Self.unit(30)])) }
        #expect(reader.error?.kind == .bufferFull)
        #expect(reader.seen.count == 3)
        reader = TrackReader(AACDepacketizer(limits: DepacketizerLimits(frameBytes: 100)))
        reader.send(Self.payload([Self.unit(101)]))
        #expect(reader.error?.kind == .frameTooLarge)
    }

    @Test func `a random configuration never traps`() {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<300 {
            var configuration = AACDepacketizer.Configuration()
            func number() -> Int { [0, 1, 3, 13, 31, 64, -1, .max, .min].randomElement(using: &generator) ?? 0 }
            configuration.sizeLength = number()
            configuration.indexLength = number()
            configuration.indexDeltaLength = number()
            configuration.compositionTimeLength = number()
            configuration.streamStateLength = number()
            configuration.auxiliarySizeLength = number()
            configuration.constantSize = number()
            configuration.duration = Int64(number())
            var mutation = Mutation(seed: generator.next(), payloads: [Self.payload([Self.unit(5), Self.unit(9)])])
            #expect(mutation.run(AACDepacketizer(configuration: configuration), times: 100, isUnits: false) == [])
        }
    }

    @Test func `damaged packets never trap`() {
        let header = big(UInt16(16)) + big(UInt16(100 << 3))
        let payloads = [
            Self.payload([Self.unit(20), Self.unit(30)], numbers: [1, 2]), Self.payload([Self.adts(Self.unit(20))]),
            Self.adts(Self.unit(30)), header + Self.unit(60), header + Self.unit(40), Self.payload([Self.unit(8)]),
        ]
        var mutation = Mutation(seed: 4, payloads: payloads)
        #expect(mutation.run(AACDepacketizer(), times: 100_000, isUnits: false) == [])
    }
}
