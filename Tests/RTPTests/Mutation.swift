import Encodings
import RTP
import SeededNumbers

/// Damages payloads at random, to see that nothing traps and that what comes out keeps its form.
struct Mutation {
    var generator: SeededGenerator
    /// Payloads that are right, in an order that makes frames.
    var payloads: [[UInt8]]

    init(seed: UInt64, payloads: [[UInt8]]) {
        generator = SeededGenerator(seed: seed)
        self.payloads = payloads
    }

    /// The next payload, mostly damaged.
    mutating func next(_ index: Int) -> [UInt8] {
        var payload = payloads[index % payloads.count]
        if payload.isEmpty { payload = [0] }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            let place = Int.random(in: 0..<min(payload.count, 12), using: &generator)
            switch Int.random(in: 0..<9, using: &generator) {
            case 0, 1: payload[place] = .random(in: 0...255, using: &generator)
            case 2: payload[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 3:
                payload[Int.random(in: 0..<payload.count, using: &generator)] =
                    [0, 0xFF, 0x7F, 0x80, 1].randomElement(using: &generator) ?? 0
            case 4: payload = Array(payload.prefix(Int.random(in: 0...payload.count, using: &generator)))
            case 5: payload.insert(contentsOf: [0, 0, 1], at: Int.random(in: 0...payload.count, using: &generator))
            case 6: payload += payloads[Int.random(in: 0..<payloads.count, using: &generator)]
            case 7: payload = payloads[Int.random(in: 0..<payloads.count, using: &generator)]
            default: payload.append(0)
            }
            if payload.isEmpty { return [] }
        }
        return payload
    }

    /// Feeds a depacketizer; returns what was wrong with the frames that came out.
    mutating func run<Format: Depacketizer>(_ format: Format, times: Int, isUnits: Bool) -> [String] {
        var reader = TrackReader(format)
        var faults: [String] = []
        var timestamp: Int64 = 0
        for index in 0..<times {
            let roll = Int.random(in: 0..<40, using: &generator)
            if roll < 10 { timestamp += Int64(roll) * 900 - 900 }
            reader.send(
                next(index),
                at: timestamp,
                marker: roll % 3 == 0,
                afterGap: roll == 11,
                restart: roll == 12 && index % 7 == 0
            )
            reader.starts.removeAll(keepingCapacity: true)
            for seen in reader.seen where isUnits && (seen.units ?? []).isEmpty { faults.append("\(index): \(seen)") }
            for seen in reader.seen where seen.bytes.isEmpty { faults.append("\(index): empty") }
            reader.seen.removeAll(keepingCapacity: true)
            if roll == 13 { swap(&reader) }
            if index % 500 == 499 {
                reader.finish()
                reader.buffer.removeAll()
            }
        }
        return faults
    }

    private mutating func swap<Format: Depacketizer>(_ reader: inout TrackReader<Format>) {
        let other = ByteBuffer(limit: .random(in: 100...100_000, using: &generator))
        if .random(using: &generator) { reader.depacketizer.moveFrame(from: reader.buffer, to: other) }
        reader.buffer = other
    }
}
