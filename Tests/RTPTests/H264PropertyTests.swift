import RTP
import Testing

@Suite struct H264PropertyTests {
    /// A frame as the camera made it: its packets, and the units that a reader has to see.
    private struct Made {
        var packets: [(payload: [UInt8], timestamp: Int64, marker: Bool)] = []
        var units: [[UInt8]] = []
        var kind = FrameKind.dependent
    }

    private enum Marking: CaseIterable {
        case right, never, always
    }

    private static func data(_ count: ClosedRange<Int>, _ generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: count, using: &generator)).map { _ in .random(in: 1...255, using: &generator) }
    }

    private static func frame(at timestamp: Int64, _ marking: Marking, _ generator: inout SeededGenerator) -> Made {
        var made = Made()
        var units: [[UInt8]] = []
        let isKey = Int.random(in: 0..<5, using: &generator) == 0
        if Bool.random(using: &generator) { units.append(H264.delimiter) }
        if isKey { units += [H264.sps, H264.pps] }
        if Int.random(in: 0..<3, using: &generator) == 0 { units.append(H264.sei) }
        units.append(isKey ? H264.idr(data(1...3000, &generator)) : H264.p(data(1...1500, &generator)))
        // A camera that marks every packet is known by frames of several.
        for _ in 0..<Int.random(in: (marking == .always ? 1 : 0)...2, using: &generator) {
            units.append(isKey ? H264.idrRest(data(1...700, &generator)) : H264.pRest(data(1...700, &generator)))
        }
        made.kind = isKey ? .idr : .dependent
        made.units = units.filter { $0 != H264.sps && $0 != H264.pps && $0 != H264.delimiter }
        var payloads: [[UInt8]] = []
        var index = 0
        while index < units.count {
            let count = Int.random(in: 1...(units.count - index), using: &generator)
            let some = Array(units[index..<(index + count)])
            switch Int.random(in: 0..<3, using: &generator) {
            case 0 where some.allSatisfy { $0.count < 2000 }: payloads.append(H264.stapA(some))
            case 1: payloads += some.flatMap { H264.fragments($0, size: .random(in: 1...1400, using: &generator)) }
            default: payloads += some
            }
            index += count
        }
        for (index, payload) in payloads.enumerated() {
            let isMarked = marking == .always || marking == .right && index == payloads.count - 1
            made.packets.append((payload, timestamp, isMarked))
        }
        return made
    }

    @Test(arguments: 0..<60) func `any packetization gives the same frames back`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let marking = Marking.allCases[Int(seed) % 3]
        let frames = (0..<40).map { Self.frame(at: Int64($0) * 3600, marking, &generator) }
        var reader = TrackReader(H264Depacketizer())
        for frame in frames {
            for packet in frame.packets { reader.send(packet.payload, at: packet.timestamp, marker: packet.marker) }
        }
        reader.finish()
        #expect(reader.seen.map(\.units?.count) == frames.map(\.units.count))
        for (seen, frame) in zip(reader.seen, frames) where seen.units != frame.units {
            Issue.record("frame at \(seen.timestamp) has other units")
        }
        #expect(reader.seen.map(\.kind) == frames.map(\.kind))
        #expect(reader.seen.map(\.timestamp) == frames.indices.map { Int64($0) * 3600 })
        #expect(reader.seen.dropLast().allSatisfy { !$0.frame.isDamaged })
        #expect(reader.depacketizer.statistics.malformed == 0)
    }

    @Test(arguments: 0..<40) func `loss costs no frame but those it hits`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let frames = (0..<60).map { Self.frame(at: Int64($0) * 3600, .right, &generator) }
        var reader = TrackReader(H264Depacketizer())
        var hit: Set<Int64> = []
        var isAfterGap = false
        for frame in frames {
            for packet in frame.packets {
                if Int.random(in: 0..<50, using: &generator) == 0 {
                    isAfterGap = true
                    hit.insert(packet.timestamp)
                    continue
                }
                reader.send(packet.payload, at: packet.timestamp, marker: packet.marker, afterGap: isAfterGap)
                isAfterGap = false
            }
        }
        reader.finish()
        let whole = zip(frames, frames.indices).filter { !hit.contains(Int64($0.1) * 3600) }
        let seen = Dictionary(grouping: reader.seen, by: \.timestamp)
        for (frame, index) in whole {
            let isWhole = seen[Int64(index) * 3600]?.map(\.units) == [frame.units]
            #expect(isWhole, "frame \(index)")
        }
        for frame in reader.seen where !hit.contains(frame.timestamp) {
            // The last packet of the frame before may have been lost with its marker, which nobody can know.
            #expect(!frame.frame.isDamaged || hit.contains(frame.timestamp + 3600))
        }
    }

    @Test(arguments: 0..<4) func `damaged packets never trap and frames keep their form`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let payloads = (0..<20).flatMap { Self.frame(at: $0, .right, &generator).packets.map(\.payload) }.filter {
            $0.count < 300
        }
        var mutation = Mutation(seed: seed, payloads: payloads + [H264.recoverySEI])
        #expect(mutation.run(H264Depacketizer(), times: 25_000, isUnits: true) == [])
    }
}
