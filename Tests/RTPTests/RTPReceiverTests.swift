import RTP
import SeededNumbers
import Testing

@Suite struct RTPReceiverTests {
    /// A delivery as its closure saw it.
    private struct Seen: Equatable {
        var number: UInt8
        var timestamp: Int64
        var isAfterGap = false
        var isRestart = false
    }

    private var receiver = RTPReceiver()
    private var seen: [Seen] = []

    private static func note(_ delivery: inout RTPDelivery) -> Seen {
        Seen(
            number: delivery.packet.payload[0],
            timestamp: delivery.timestamp,
            isAfterGap: delivery.isAfterGap,
            isRestart: delivery.isRestart
        )
    }

    private mutating func receive(_ packet: TestPacket, at milliseconds: Int64 = 0) {
        packet.bytes.withUnsafeBytes { raw in
            guard let packet = RTPPacket(raw) else { return }
            receiver.receive(packet, at: milliseconds * 1_000_000) { seen.append(Self.note(&$0)) }
        }
    }

    /// Receives packets whose payload is their number, at 10 ticks each.
    private mutating func receive(_ numbers: [Int], at milliseconds: Int64 = 0) {
        for number in numbers {
            let packet = TestPacket(
                payload: [UInt8(truncatingIfNeeded: number)],
                timestamp: UInt32(truncatingIfNeeded: number * 10),
                sequence: UInt16(truncatingIfNeeded: number)
            )
            receive(packet, at: milliseconds)
        }
    }

    private var numbers: [Int] { seen.map { Int($0.number) } }

    @Test mutating func `packets in order are delivered at once`() {
        receive([1, 2, 3])
        #expect(seen == [1, 2, 3].map { Seen(number: $0, timestamp: Int64($0) * 10) })
    }

    @Test mutating func `a gap is told with the packet behind it`() {
        receive([1, 2, 5, 6, 6, 4])
        #expect(numbers == [1, 2, 5, 6])
        #expect(seen.map(\.isAfterGap) == [false, false, true, false])
    }

    @Test mutating func `both packets that make a new series are delivered`() {
        receive([1, 2])
        receive(TestPacket(payload: [100], timestamp: 7, sequence: 60_000, source: 5))
        #expect(numbers == [1, 2])
        receive(TestPacket(payload: [101], timestamp: 8, sequence: 60_001, source: 5))
        receive(TestPacket(payload: [102], timestamp: 9, sequence: 60_002, source: 5))
        #expect(numbers == [1, 2, 100, 101, 102])
        #expect(seen.map(\.isRestart) == [false, false, true, false, false])
        #expect(seen.map(\.timestamp) == [10, 20, 7, 8, 9])
    }

    @Test mutating func `other payload types are passed over`() {
        receiver = RTPReceiver(payloadType: 96)
        receive([1])
        receive(TestPacket(payload: [50], sequence: 2, payloadType: 50))
        receive([2])
        #expect(numbers == [1, 2])
        #expect(receiver.foreignPackets == 1)
    }

    // MARK: Without order

    @Test mutating func `overtaken packets are put in order`() {
        receiver = RTPReceiver(reordering: RTPReorderLimits())
        receive([1, 3, 4, 2, 5, 8, 7, 6, 9])
        #expect(numbers == Array(1...9))
        #expect(seen.allSatisfy { !$0.isAfterGap })
        #expect(receiver.sequence.statistics.missing == 0)
    }

    @Test mutating func `order is kept across the wrap-around`() {
        receiver = RTPReceiver(reordering: RTPReorderLimits(packets: 129))
        let numbers = Array(65_400..<65_700)
        receive([65_399])
        for chunk in stride(from: 0, to: 300, by: 100) { receive(numbers[chunk..<(chunk + 100)].reversed()) }
        #expect(seen.map(\.timestamp) == (65_399..<65_700).map { $0 * 10 })
    }

    @Test mutating func `a lost packet is waited for as long as the limit says`() {
        receiver = RTPReceiver(reordering: RTPReorderLimits(nanoseconds: 50_000_000))
        receive([1])
        receive([3, 4], at: 10)
        #expect(numbers == [1])
        #expect(receiver.nextRelease == 60_000_000)
        receive([5], at: 59)
        #expect(numbers == [1])
        receiver.release(at: 60_000_000) { seen.append(Self.note(&$0)) }
        #expect(numbers == [1, 3, 4, 5])
        #expect(seen[1].isAfterGap)
        #expect(receiver.nextRelease == nil)
        receive([2, 6], at: 61)
        #expect(numbers == [1, 3, 4, 5, 6])
        #expect(receiver.sequence.statistics.late == 1)
    }

    @Test mutating func `no more packets and bytes wait than the limits say`() {
        receiver = RTPReceiver(reordering: RTPReorderLimits(packets: 4))
        receive([1, 3, 4, 5, 6, 7])
        #expect(numbers == [1, 3, 4, 5, 6, 7])
        receiver = RTPReceiver(reordering: RTPReorderLimits(bytes: 30))
        seen = []
        receive([1, 3, 4, 5])
        #expect(numbers == [1, 3, 4, 5])
    }

    @Test mutating func `a restart is not waited for`() {
        receiver = RTPReceiver(reordering: RTPReorderLimits())
        receive([1, 2, 4])
        receive([40_000, 40_001, 40_003, 40_002])
        #expect(seen.map(\.timestamp) == [10, 20, 400_000, 400_010, 400_020, 400_030])
        #expect(seen.map(\.isRestart) == [false, false, true, false, false, false])
    }

    @Test(arguments: 0..<20) mutating func `any disorder within the limits is undone`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        receiver = RTPReceiver(reordering: RTPReorderLimits())
        receive([999])
        var next = 1000
        while next < 3000 {
            let end = min(next + Int.random(in: 1...120, using: &generator), 3000)
            receive((next..<end).shuffled(using: &generator))
            next = end
        }
        receiver.release(at: .max) { seen.append(Self.note(&$0)) }
        #expect(seen.map(\.timestamp) == (999..<3000).map { $0 * 10 })
    }

    @Test(arguments: [true, false]) mutating func `random packets never trap`(isOrdered: Bool) {
        var generator = SeededGenerator(seed: 3)
        receiver = RTPReceiver(reordering: isOrdered ? nil : RTPReorderLimits(packets: 20))
        for index in 0..<30_000 {
            let packet = TestPacket(
                payload: [0],
                timestamp: .random(in: 0...(.max), using: &generator),
                sequence: .random(in: 0...(Bool.random(using: &generator) ? 300 : .max), using: &generator),
                source: .random(in: 0...1, using: &generator)
            )
            receive(packet, at: Int64(index))
        }
        #expect(receiver.takeReport(at: 0) != nil)
    }

    // MARK: Reports

    @Test mutating func `a report tells loss, jitter and the time since the sender's report`() {
        for number in 0..<100 where number % 4 != 3 {
            receive(
                TestPacket(payload: [0], timestamp: UInt32(number * 3600), sequence: UInt16(number)),
                at: Int64(number) * 40
            )
        }
        let sender = RTCPSenderReport(
            source: 0x1234_5678,
            networkTime: 0x1111_2222_3333_4444,
            timestamp: 0,
            packets: 0,
            octets: 0
        )
        receiver.receive(sender, at: 4_000_000_000)
        let report = receiver.takeReport(at: 5_500_000_000)
        // 0 to 98 are expected, 75 came.
        #expect(report?.totalLost == 24)
        #expect(report?.fractionLost == UInt8(24 * 256 / 99))
        #expect(report?.highestSequence == 98)
        #expect(report?.jitter == 0)
        #expect(report?.lastSenderReport == 0x2222_3333)
        #expect(report?.delaySinceSenderReport == 98_304)
        #expect(receiver.takeReport(at: 5_500_000_000)?.fractionLost == 0)
        #expect(receiver.senderClock?.timestamp == 0)
    }

    @Test mutating func `jitter follows the variation of arrivals`() {
        for number in 0..<2000 {
            let late: Int64 = number % 2 == 0 ? 0 : 10
            receive(
                TestPacket(payload: [0], timestamp: UInt32(number * 3600), sequence: UInt16(number)),
                at: Int64(number) * 40 + late
            )
        }
        // 10 ms are 900 ticks.
        let jitter = receiver.takeReport(at: 0)?.jitter ?? 0
        #expect((890...910).contains(jitter))
    }

    @Test mutating func `a report of another source is passed over`() {
        receive([1])
        receiver.receive(RTCPSenderReport(source: 9, networkTime: 1, timestamp: 2, packets: 3, octets: 4), at: 0)
        #expect(receiver.senderClock == nil)
    }
}
