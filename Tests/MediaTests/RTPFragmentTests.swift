import Encodings
import MP4
import RTP
import Testing

@testable import Media

/// Frames that a depacketizer writes straight into the fragment's buffer.
@Suite struct RTPFragmentTests {
    private static func unit(_ number: Int, isKey: Bool) -> [UInt8] {
        [isKey ? 0x65 : 0x41, isKey ? 0x88 : 0x9A] + [UInt8](repeating: 0x80 | UInt8(number & 0x7F), count: 40)
    }

    /// Packets of at most 15 bytes of a unit, with their RTP header, the last one marked.
    private static func packets(_ unit: [UInt8], sequence: inout UInt16, timestamp: UInt32) -> [[UInt8]] {
        let body = Array(unit.dropFirst())
        return stride(from: 0, to: body.count, by: 15).map { index in
            let end = min(index + 15, body.count)
            let isLast = end == body.count
            var packet: [UInt8] = [0x80, isLast ? 0x80 | 96 : 96]
            packet.append(bigEndian: sequence)
            packet.append(bigEndian: timestamp)
            packet.append(bigEndian: UInt32(7))
            sequence &+= 1
            let flags: UInt8 = (index == 0 ? 0x80 : 0) | (isLast ? 0x40 : 0)
            return packet + [unit[0] & 0xE0 | 28, flags | unit[0] & 0x1F] + body[index..<end]
        }
    }

    @Test func `no byte of a frame is copied twice or lost at the border of fragments`() throws {
        var fragmenter = Fragmenter()
        var depacketizer = H264Depacketizer()
        var fragments: [Fragment] = []
        var sequence: UInt16 = 65_500
        func take(_ event: FrameEvent) {
            switch event {
            case .began(let start):
                let kind: Media.FrameKind = start.kind == .idr ? .idr : .dependent
                let frame = Fragmenter.Frame(decode: start.timestamp, kind: kind)
                guard fragmenter.isDue(before: frame) else { return }
                let ended = fragmenter.end(until: frame.decode, sequence: 1, wallClock: 0) { old, new in
                    depacketizer.moveFrame(from: old, to: new)
                }
                if let ended { fragments.append(ended) }
            case .frame(let coded):
                let kind: Media.FrameKind = coded.kind == .idr ? .idr : .dependent
                fragmenter.add(Fragmenter.Frame(decode: coded.timestamp, kind: kind), at: coded.range)
            }
        }
        for number in 0..<120 {
            let time = Int64(number) * 3600
            let unit = Self.unit(number, isKey: number % 40 == 0)
            for bytes in Self.packets(unit, sequence: &sequence, timestamp: UInt32(time)) {
                try bytes.withUnsafeBytes { raw in
                    let packet = try #require(RTPPacket(raw))
                    var delivery = RTPDelivery(packet: packet, timestamp: time)
                    while let event = try depacketizer.next(from: &delivery, into: fragmenter.video) { take(event) }
                }
            }
        }
        if let last = depacketizer.finish(in: fragmenter.video) { take(.frame(last)) }
        let rest = fragmenter.end(until: nil, sequence: 1, wallClock: 0)
        fragments.append(try #require(rest))
        let head = InitSection(video: VideoFormat(.jpeg, width: 64, height: 48)).bytes
        let movie = try TestMovie(head + fragments.flatMap { $0.bytes.withUnsafeBytes { Array($0) } })
        #expect(movie.video.map(\.units) == (0..<120).map { [Self.unit($0, isKey: $0 % 40 == 0)] })
        #expect(fragments.map(\.frames) == [6, 17, 17, 17, 17, 6, 17, 17, 6])
        #expect(fragments.map { $0.kind == .idr } == [true, false, false, true, false, false, true, false, false])
    }
}
