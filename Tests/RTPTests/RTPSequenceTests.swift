import RTP
import SeededNumbers
import Testing

@Suite struct RTPSequenceTests {
    private var sequence = RTPSequence()

    private mutating func receive(_ numbers: some Sequence<Int>, source: UInt32 = 1) -> [RTPSequence.Verdict] {
        numbers.map { sequence.receive(sequence: UInt16(truncatingIfNeeded: $0), source: source) }
    }

    @Test mutating func `numbers in order are next, also across the wrap-around`() {
        #expect(receive(65_000..<140_000).allSatisfy { $0 == .next(missing: 0) })
        #expect(sequence.highest == 139_999)
        #expect(sequence.statistics.accepted == 75_000)
    }

    @Test mutating func `missing packets are counted`() {
        #expect(receive([10, 11, 14, 15, 3014]) == [0, 0, 2, 0, 2998].map { .next(missing: $0) })
        #expect(sequence.statistics.missing == 3000)
    }

    @Test mutating func `late packets and duplicates are told apart`() {
        #expect(receive([1, 2, 5]).count == 3)
        #expect(receive([3, 3, 5, 2, 4]) == [.late, .duplicate, .duplicate, .duplicate, .late])
        #expect(receive([6]) == [.next(missing: 0)])
        #expect(sequence.statistics.late == 2)
        #expect(sequence.statistics.duplicates == 3)
    }

    @Test mutating func `a jump is a new series when a second packet follows`() {
        #expect(
            receive([1, 2, 40_000, 40_001, 40_002])
                == [.next(missing: 0), .next(missing: 0), .candidate, .restarted, .next(missing: 0)]
        )
        #expect(sequence.statistics.restarts == 1)
        #expect(sequence.statistics.accepted == 5)
    }

    @Test mutating func `numbers may restart at any place`() {
        for start in stride(from: 0, to: 65_536, by: 997) {
            sequence = RTPSequence()
            #expect(receive([20_000, 20_001]).last == .next(missing: 0))
            let verdicts = receive([start, start + 1, start + 2])
            let isNear = (19_902...23_001).contains(start)
            #expect(isNear || verdicts == [.candidate, .restarted, .next(missing: 0)], "\(start)")
        }
    }

    @Test mutating func `another source is a new series when a second packet follows`() {
        #expect(receive([1, 2]).count == 2)
        #expect(receive([3, 4, 5], source: 9) == [.candidate, .restarted, .next(missing: 0)])
        #expect(sequence.source == 9)
    }

    @Test mutating func `a stray packet changes nothing`() {
        #expect(receive([1, 2, 30_000, 3]) == [.next(missing: 0), .next(missing: 0), .candidate, .next(missing: 0)])
        #expect(receive([50_000], source: 7) == [.candidate])
        #expect(receive([4]) == [.next(missing: 0)])
        #expect(sequence.statistics.strays == 2)
        #expect(sequence.statistics.restarts == 0)
    }

    @Test mutating func `two sources that alternate do not take turns`() {
        var accepted: [UInt32] = []
        for index in 0..<3000 {
            for source: UInt32 in [1, 2] {
                // Pairs, each of which alone would be a new series.
                for number in [index * 2, index * 2 + 1] {
                    switch sequence.receive(sequence: UInt16(truncatingIfNeeded: number), source: source) {
                    case .next, .restarted: accepted.append(source)
                    default: break
                    }
                }
            }
        }
        let changes = zip(accepted, accepted.dropFirst()).count { $0 != $1 }
        #expect(changes < 10)
        #expect(accepted.count > 5900)
    }

    @Test(arguments: [0, -1, 7]) mutating func `numbers that do not count up are ignored over TCP`(step: Int) {
        let verdicts = receive((0..<200).map { 5000 + $0 * step * 1000 })
        #expect(verdicts.dropFirst(10).allSatisfy { $0 == .next(missing: 0) })
        #expect(sequence.isIgnored)
        #expect(receive(900..<920).last == .next(missing: 0))
        #expect(!sequence.isIgnored)
        #expect(receive([920, 925]).last == .next(missing: 4))
    }

    @Test mutating func `numbers that do not count up are refused over UDP`() {
        sequence = RTPSequence(keepsOrder: false)
        #expect(receive(Array(repeating: 5000, count: 200)).dropFirst().allSatisfy { $0 == .duplicate })
    }

    @Test mutating func `random numbers never trap`() {
        var generator = SeededGenerator(seed: 1)
        for keepsOrder in [true, false] {
            sequence = RTPSequence(keepsOrder: keepsOrder)
            for _ in 0..<20_000 {
                let number = UInt16.random(in: 0...(.random(using: &generator) ? 200 : .max), using: &generator)
                _ = sequence.receive(sequence: number, source: .random(in: 0...1, using: &generator))
            }
        }
    }
}

@Suite struct RTPClockTests {
    private var clock = RTPClock()

    @Test mutating func `timestamps go on across the wrap-around, in both directions`() {
        #expect(clock.unwrap(0xFFFF_FFF0) == 0xFFFF_FFF0)
        #expect(clock.unwrap(0x10) == 0x1_0000_0010)
        #expect(clock.unwrap(0xFFFF_FFFE) == 0xFFFF_FFFE)
        #expect(clock.position(of: 5) == 0x1_0000_0005)
        #expect(clock.unwrap(0xFFFF_FFFF) == 0xFFFF_FFFF)
    }

    @Test mutating func `a time before the first timestamp is negative`() {
        #expect(clock.unwrap(3600) == 3600)
        #expect(clock.unwrap(UInt32(truncatingIfNeeded: -3600)) == -3600)
    }

    @Test mutating func `fourteen hours at 90 kHz are fourteen hours`() {
        var timestamp: UInt32 = 0xF000_0000
        let first = clock.unwrap(timestamp)
        var last = first
        for _ in 0..<(14 * 3600) {
            timestamp &+= 90_000
            last = clock.unwrap(timestamp)
        }
        #expect(last - first == 14 * 3600 * 90_000)
    }
}
