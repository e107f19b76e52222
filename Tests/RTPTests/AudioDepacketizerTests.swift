import RTP
import Testing

@Suite struct AudioDepacketizerTests {
    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 200 + 1) } }

    // MARK: LATM

    @Test func `LATM: a length stands in front of each unit`() {
        var reader = TrackReader(LATMDepacketizer())
        reader.send([5] + Self.bytes(5), at: 10, marker: true)
        reader.send([255, 45] + Self.bytes(300) + [7] + Self.bytes(7), at: 1034, marker: true)
        reader.send([0, 3] + Self.bytes(3), at: 3082)
        #expect(reader.seen.map(\.bytes.count) == [5, 300, 7, 3])
        #expect(reader.seen.map(\.timestamp) == [10, 1034, 2058, 3082])
    }

    @Test func `LATM: fragments make a unit whole`() {
        var reader = TrackReader(LATMDepacketizer())
        let unit = Self.bytes(600)
        reader.send([255, 255, 90] + unit[..<200], at: 10)
        reader.send(Array(unit[200..<400]), at: 10)
        reader.send(Array(unit[400...]), at: 10, marker: true)
        reader.send([255, 255, 90] + unit[..<200], at: 1034)
        reader.send([4] + Self.bytes(4), at: 2058, marker: true)
        #expect(reader.seen.map(\.bytes) == [unit, Self.bytes(4)])
        #expect(reader.seen.last?.frame.isAfterGap == true)
    }

    @Test func `LATM: the codec's configuration is found in that of the stream`() {
        // Version 0, same framing, one subframe, program and layer; then AAC-LC, 44.1 kHz, stereo.
        #expect(LATMDepacketizer.audioConfiguration(ofStream: [0x40, 0x00, 0x24, 0x20, 0x3F, 0xC0]) == [0x12, 0x10])
        #expect(LATMDepacketizer.audioConfiguration(ofStream: [0x80, 0x00, 0x24, 0x20]) == nil)
        #expect(LATMDepacketizer.audioConfiguration(ofStream: [0x40, 0x10, 0x24, 0x20]) == nil)
        #expect(LATMDepacketizer.audioConfiguration(ofStream: [0x40]) == nil)
    }

    // MARK: Samples

    @Test func `samples: the length follows from bits and channels`() {
        var ticks: [Int64] = []
        for (bits, channels) in [(8, 1), (16, 2), (4, 1), (5, 1), (3, 1), (0, 0), (-1, .max)] {
            var reader = TrackReader(SampleDepacketizer(bitsPerSample: bits, channels: channels))
            reader.send(Self.bytes(160), at: 800)
            ticks.append(reader.seen.first?.frame.duration ?? 0)
            #expect(reader.seen.first?.bytes == Self.bytes(160))
        }
        #expect(ticks == [160, 40, 320, 256, 426, 1280, 20])
    }

    @Test func `samples: an empty packet is no frame and a gap is told`() {
        var reader = TrackReader(SampleDepacketizer(bitsPerSample: 8))
        reader.send([], at: 0)
        reader.send(Self.bytes(160), at: 160, afterGap: true)
        reader.send(Self.bytes(160), at: 320)
        #expect(reader.seen.map(\.frame.isAfterGap) == [true, false])
        #expect(reader.depacketizer.statistics.malformed == 0)
    }

    // MARK: Opus

    @Test(
        arguments: [
            ([0x00], 480), ([0x18], 2880), ([0x60], 480), ([0x68], 960), ([0x80], 120), ([0x98], 960), ([0xFC], 960),
            ([0xFD], 1920), ([0xFE], 1920), ([0xFF, 3], 2880), ([0xFF, 0x86], 5760),
        ] as [([UInt8], Int64)]
    )
    func `Opus: the first byte tells the length`(packet: [UInt8], duration: Int64) {
        var reader = TrackReader(OpusDepacketizer())
        reader.send(packet + [1, 2, 3], at: 960)
        #expect(reader.seen.map(\.frame.duration) == [duration])
        #expect(reader.seen.map(\.bytes) == [packet + [1, 2, 3]])
    }

    @Test(arguments: [[], [0xFF], [0xFF, 0], [0xFF, 7], [0x1B, 63]] as [[UInt8]])
    func `Opus: a packet without a length is refused`(packet: [UInt8]) {
        var reader = TrackReader(OpusDepacketizer())
        reader.send(packet)
        #expect(reader.seen.isEmpty)
    }

    // MARK: MPEG audio

    /// A frame of MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes, 1,152 samples.
    private static let mp3 = [0xFF, 0xFB, 0x90, 0x00] + bytes(413)

    @Test func `MPEG audio: a packet holds several frames`() {
        var reader = TrackReader(MPEGAudioDepacketizer())
        // MPEG-2 layer III, 64 kbit/s, 22.05 kHz; MPEG-1 layer II, 192 kbit/s, 48 kHz; MPEG-2.5 III, 8 kbit/s, 8 kHz.
        let frames = [
            Self.mp3, [0xFF, 0xF3, 0x80, 0x00] + Self.bytes(204), [0xFF, 0xFD, 0xA4, 0x00] + Self.bytes(572),
            [0xFF, 0xE3, 0x18, 0x00] + Self.bytes(68), [0xFF, 0xFF, 0x14, 0x00] + Self.bytes(28),
        ]
        reader.send([0, 0, 0, 0] + frames.joined(), at: 90_000)
        #expect(reader.seen.map(\.bytes.count) == frames.map(\.count))
        #expect(reader.seen.map(\.frame.duration) == [2351, 2351, 2160, 6480, 720])
        #expect(reader.seen.map(\.timestamp) == [90_000, 92_351, 94_702, 96_862, 103_342])
    }

    @Test(arguments: [true, false]) func `MPEG audio: fragments make a frame whole`(hasOffsets: Bool) {
        var reader = TrackReader(MPEGAudioDepacketizer())
        for start in [0, 150, 300] {
            let end = min(start + 150, Self.mp3.count)
            reader.send([0, 0] + big(UInt16(hasOffsets ? start : 0)) + Self.mp3[start..<end], at: 5)
        }
        reader.send([0, 0, 0, 0] + Self.mp3, at: 2356)
        #expect(reader.seen.map(\.bytes) == [Self.mp3, Self.mp3])
    }

    @Test func `MPEG audio: a frame with a lost fragment is left out`() {
        var reader = TrackReader(MPEGAudioDepacketizer())
        reader.send([0, 0, 0, 0] + Self.mp3[..<150], at: 5)
        reader.send([0, 0, 1, 44] + Self.mp3[300...], at: 5, afterGap: true)
        reader.send([0, 0, 0, 0] + Self.mp3, at: 2356)
        #expect(reader.seen.map(\.bytes) == [Self.mp3])
    }

    @Test(
        arguments: [
            [], [0], [0, 0, 0, 0], [0, 0, 0, 0, 1, 2, 3, 4], [0, 0, 0, 9, 0xFF, 0xFB, 0x90, 0], [0, 0, 0, 0, 0xFF],
            [0, 0, 0, 0, 0xFF, 0xFB, 0x00, 0], [0, 0, 0, 0, 0xFF, 0xFB, 0xF0, 0], [0, 0, 0, 0, 0xFF, 0xFB, 0x9C, 0],
            [0, 0, 0, 0, 0xFF, 0xEB, 0x90, 0], [0, 0, 0, 0, 0xFF, 0xF9, 0x90, 0],
        ] as [[UInt8]]
    )
    func `MPEG audio: a payload of no use gives nothing`(payload: [UInt8]) {
        var reader = TrackReader(MPEGAudioDepacketizer())
        reader.send(payload)
        reader.send([0, 0, 0, 0] + Self.mp3, at: 2356)
        #expect(reader.seen.map(\.bytes) == [Self.mp3])
    }

    // MARK: Damage

    @Test func `damaged packets never trap`() {
        let fragment = [255, 255, 90] + Self.bytes(200)
        var mutation = Mutation(
            seed: 1,
            payloads: [[5] + Self.bytes(5) + [7] + Self.bytes(7), fragment, Self.bytes(400)]
        )
        #expect(mutation.run(LATMDepacketizer(), times: 50_000, isUnits: false) == [])
        mutation.payloads = [Self.bytes(160), []]
        #expect(mutation.run(SampleDepacketizer(bitsPerSample: 16, channels: 2), times: 20_000, isUnits: false) == [])
        mutation.payloads = [[0xFF, 3, 1, 2], [0x80, 1]]
        #expect(mutation.run(OpusDepacketizer(), times: 20_000, isUnits: false) == [])
        mutation.payloads = [
            [0, 0, 0, 0] + Self.mp3 + Self.mp3, [0, 0, 0, 0] + Self.mp3[..<100], [0, 0, 0, 100] + Self.mp3[100...],
        ]
        #expect(mutation.run(MPEGAudioDepacketizer(), times: 50_000, isUnits: false) == [])
    }
}
