import RTP
import SeededNumbers
import Testing

/// The properties that H.264 and H.265 share, for tests.
private protocol TestCodec {
    associatedtype Format: Depacketizer
    static var format: Format { get }
    static var sets: [[UInt8]] { get }
    static var delimiter: [UInt8] { get }
    static var sei: [UInt8] { get }
    static var recoverySEI: [UInt8] { get }
    static func idr(_ data: [UInt8]) -> [UInt8]
    static func idrRest(_ data: [UInt8]) -> [UInt8]
    static func p(_ data: [UInt8]) -> [UInt8]
    static func pRest(_ data: [UInt8]) -> [UInt8]
    static func fragments(_ unit: [UInt8], size: Int) -> [[UInt8]]
    static func aggregate(_ units: [[UInt8]]) -> [UInt8]
}

extension H264: TestCodec {
    static var format: H264Depacketizer { H264Depacketizer() }
    static var sets: [[UInt8]] { [sps, pps] }
    static func aggregate(_ units: [[UInt8]]) -> [UInt8] { stapA(units) }
}

extension H265: TestCodec {
    static var format: H265Depacketizer { H265Depacketizer() }
    static var sets: [[UInt8]] { [vps, sps, pps] }
}

/// How a camera sets the marker.
private enum Marking: CaseIterable {
    case right, never, always
}

/// A frame as the camera made it: its packets, and the units that a reader has to see.
private struct Made {
    var payloads: [[UInt8]] = []
    var units: [[UInt8]] = []
    var kind = FrameKind.dependent

    /// Creates a random frame and packetizes it at random.
    init<Codec: TestCodec>(_ codec: Codec.Type, _ marking: Marking, _ generator: inout SeededGenerator) {
        var all: [[UInt8]] = []
        kind = Int.random(in: 0..<5, using: &generator) == 0 ? .idr : .dependent
        if Bool.random(using: &generator) { all.append(Codec.delimiter) }
        if kind == .idr { all += Codec.sets }
        if Int.random(in: 0..<3, using: &generator) == 0 { units.append(Codec.sei) }
        let first = Self.data(1...2500, &generator)
        units.append(kind == .idr ? Codec.idr(first) : Codec.p(first))
        // A camera that marks every packet is known by frames of several slices.
        for _ in 0..<Int.random(in: (marking == .always ? 1 : 0)...2, using: &generator) {
            let data = Self.data(1...700, &generator)
            units.append(kind == .idr ? Codec.idrRest(data) : Codec.pRest(data))
        }
        all += units
        var index = 0
        while index < all.count {
            let count = Int.random(in: 1...(all.count - index), using: &generator)
            let some = Array(all[index..<(index + count)])
            switch Int.random(in: 0..<3, using: &generator) {
            case 0 where some.count > 1: payloads.append(Codec.aggregate(some))
            case 1: payloads += some.flatMap { Codec.fragments($0, size: .random(in: 1...1400, using: &generator)) }
            default: payloads += some
            }
            index += count
        }
    }

    private static func data(_ count: ClosedRange<Int>, _ generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: count, using: &generator)).map { _ in .random(in: 1...255, using: &generator) }
    }
}

@Suite struct VideoPropertyTests {
    @Test(arguments: 0..<60) func `any packetization of H.264 gives the same frames back`(seed: UInt64) {
        packetize(H264.self, seed: seed)
    }

    @Test(arguments: 0..<60) func `any packetization of H.265 gives the same frames back`(seed: UInt64) {
        packetize(H265.self, seed: seed)
    }

    @Test(arguments: 0..<40) func `loss costs no frame of H.264 but those it hits`(seed: UInt64) {
        lose(H264.self, seed: seed)
    }

    @Test(arguments: 0..<40) func `loss costs no frame of H.265 but those it hits`(seed: UInt64) {
        lose(H265.self, seed: seed)
    }

    @Test(arguments: 0..<4) func `damaged packets of H.264 never trap and frames keep their form`(seed: UInt64) {
        mutate(H264.self, seed: seed)
    }

    @Test(arguments: 0..<4) func `damaged packets of H.265 never trap and frames keep their form`(seed: UInt64) {
        mutate(H265.self, seed: seed)
    }

    private func packetize<Codec: TestCodec>(_ codec: Codec.Type, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let marking = Marking.allCases[Int(seed) % 3]
        let frames = (0..<40).map { _ in Made(codec, marking, &generator) }
        var reader = TrackReader(Codec.format)
        for (index, frame) in frames.enumerated() {
            for (place, payload) in frame.payloads.enumerated() {
                let isMarked = marking == .always || marking == .right && place == frame.payloads.count - 1
                reader.send(payload, at: Int64(index) * 3600, marker: isMarked)
            }
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

    private func lose<Codec: TestCodec>(_ codec: Codec.Type, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let frames = (0..<60).map { _ in Made(codec, .right, &generator) }
        var reader = TrackReader(Codec.format)
        var hit: Set<Int64> = []
        var isAfterGap = false
        for (index, frame) in frames.enumerated() {
            let timestamp = Int64(index) * 3600
            for (place, payload) in frame.payloads.enumerated() {
                if Int.random(in: 0..<50, using: &generator) == 0 {
                    isAfterGap = true
                    hit.insert(timestamp)
                    continue
                }
                let isMarked = place == frame.payloads.count - 1
                reader.send(payload, at: timestamp, marker: isMarked, afterGap: isAfterGap)
                isAfterGap = false
            }
        }
        reader.finish()
        let seen = Dictionary(grouping: reader.seen, by: \.timestamp)
        for (index, frame) in frames.enumerated() where !hit.contains(Int64(index) * 3600) {
            let isWhole = seen[Int64(index) * 3600]?.map(\.units) == [frame.units]
            #expect(isWhole, "frame \(index)")
        }
        for frame in reader.seen where !hit.contains(frame.timestamp) {
            // The last packet of the frame before may have been lost with its marker, which nobody can know.
            #expect(!frame.frame.isDamaged || hit.contains(frame.timestamp + 3600))
        }
    }

    private func mutate<Codec: TestCodec>(_ codec: Codec.Type, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var payloads = (0..<20).flatMap { _ in Made(codec, .right, &generator).payloads }.filter { $0.count < 300 }
        payloads.append(Codec.recoverySEI)
        var mutation = Mutation(seed: seed, payloads: payloads)
        #expect(mutation.run(Codec.format, times: 25_000, isUnits: true) == [])
    }
}
