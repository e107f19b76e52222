import Testing

@testable import Media

@Suite struct SplitterTests {
    /// Cuts a stream of 25 frames a second with a key frame each `group` frames.
    static func cuts(
        seconds: Double,
        group: Int,
        count: Int,
        kind groupStart: FrameKind = .idr,
        firstSeconds: Double? = nil,
        change: (inout CutPolicy.Frame, Int) -> Void = { _, _ in }
    ) -> [(Int, CutPolicy.Reason)] {
        var cutPolicy = CutPolicy(seconds: seconds, firstSeconds: firstSeconds)
        var result: [(Int, CutPolicy.Reason)] = []
        for index in 0..<count {
            let kind = index % group == 0 ? groupStart : .dependent
            var next = CutPolicy.Frame(decode: 90_000 + Int64(index) * 3600, kind: kind)
            change(&next, index)
            if index == 0 {
                cutPolicy.began(at: next.decode, with: kind)
            } else if case .cut(let reason) = cutPolicy.decide(next) {
                result.append((index, reason))
                cutPolicy.began(at: next.decode, with: kind)
            }
        }
        return result
    }

    @Test func `cuts lie on key frames at the wanted length`() {
        #expect(Self.cuts(seconds: 10, group: 50, count: 1001).map(\.0) == [250, 500, 750, 1000])
    }

    @Test func `a group that does not divide the length makes longer segments`() {
        #expect(Self.cuts(seconds: 10, group: 75, count: 700).map(\.0) == [300, 600])
    }

    @Test func `the first segment may be shorter`() {
        #expect(Self.cuts(seconds: 10, group: 25, count: 700, firstSeconds: 4).map(\.0) == [100, 350, 600])
    }

    @Test func `new parameter sets cut at once`() {
        let cuts = Self.cuts(seconds: 10, group: 50, count: 200) { $0.changesParameters = $1 == 100 }
        #expect(cuts.first?.0 == 100)
        #expect(cuts.first?.1 == .parameters)
    }

    @Test func `after a jump of the clock the next key frame cuts`() {
        let cuts = Self.cuts(seconds: 10, group: 50, count: 120) { $0.clockJumped = (60...100).contains($1) }
        #expect(cuts.map(\.0) == [100])
        #expect(cuts.first?.1 == .clock)
    }

    @Test func `recovery points count only where there is nothing better for long`() {
        let cuts = Self.cuts(seconds: 10, group: 50, count: 25 * 60, kind: .recovery)
        #expect(cuts.first.map { $0.0 >= 25 * 30 } == true)
        #expect(!cuts.isEmpty)
    }

    @Test func `without any key frame there is no cut`() {
        #expect(Self.cuts(seconds: 2, group: 100_000, count: 25 * 300).isEmpty)
    }

    @Test func `a huge segment is cut at the next key frame`() {
        let cuts = Self.cuts(seconds: 300, group: 50, count: 200) { $0.segmentBytes = $1 * 1_000_000 }
        #expect(cuts.first?.0 == 100)
        #expect(cuts.first?.1 == .oversize)
    }
}

@Suite struct NALUnitsTests {
    static func inspect(_ bytes: [UInt8], _ codec: VideoCodec, _ framing: NALUnits.Framing = .annexB) -> KeyPacketFacts
    {
        bytes.withUnsafeBytes { NALUnits.inspect($0, codec: codec, framing: framing) }
    }

    @Test func `an IDR frame with its parameter sets`() {
        let bytes: [UInt8] = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 0, 0, 1, 0x65, 9, 9, 9]
        let facts = Self.inspect(bytes, .h264)
        #expect(facts.kind == .idr)
        #expect(facts.parameters == [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4])
        #expect(facts.identity != 0)
    }

    @Test func `a recovery point is not an IDR frame`() {
        #expect(Self.inspect([0, 0, 1, 0x06, 6, 1, 0, 0, 1, 0x41, 1], .h264).kind == .recovery)
    }

    @Test func `an IDR frame is found behind a long message to the viewer`() {
        let message = [UInt8](repeating: 0x55, count: 20_000)
        let bytes: [UInt8] = [0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x06] + message + [0, 0, 1, 0x65, 9, 9, 9]
        #expect(Self.inspect(bytes, .h264).kind == .idr)
        let other: [UInt8] = [0, 0, 1, 39 << 1, 1] + message + [0, 0, 1, 19 << 1, 1, 9]
        #expect(Self.inspect(other, .h265).kind == .idr)
    }

    @Test func `only VPS and SPS make an identity`() {
        let one = Self.inspect([0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0], .h264)
        let other = Self.inspect([0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 0], .h264)
        let third = Self.inspect([0, 0, 1, 0x67, 2, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0], .h264)
        #expect(one.identity == other.identity)
        #expect(one.identity != third.identity)
    }

    @Test func `units with lengths are understood`() {
        let bytes: [UInt8] = [0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 1]
        #expect(Self.inspect(bytes, .h264, .lengths(4)).kind == .idr)
    }

    @Test(arguments: [(UInt8(19), FrameKind.idr), (20, .idr), (21, .recovery), (1, .recovery)])
    func `H265 frames are told apart by their type`(type: UInt8, kind: FrameKind) {
        #expect(Self.inspect([0, 0, 1, type << 1, 1, 0x80, 0], .h265).kind == kind)
    }

    @Test func `a clean random access frame of H265 is told from other recovery points`() {
        #expect(Self.inspect([0, 0, 1, 21 << 1, 1, 0x80, 0], .h265).isClean)
        #expect(!Self.inspect([0, 0, 1, 1 << 1, 1, 0x80, 0], .h265).isClean)
    }

    @Test func `lengths that lie end the inspection`() {
        #expect(Self.inspect([0xFF, 0xFF, 0xFF, 0xFF, 0x65], .h264, .lengths(4)).kind == .recovery)
    }
}

@Suite struct InputSchemeTests {
    @Test func `user and password are added encoded, and taken away again`() {
        var options = LibAVSource.Options(address: "rtsp://cam.example:554/a?b=c@d")
        options.credentials = ("us@er", "p:/w ä")
        let full = InputScheme.rtsp.authorized(options.address, options)
        #expect(full == "rtsp://us%40er:p%3A%2Fw%20%C3%A4@cam.example:554/a?b=c@d")
        #expect(InputScheme.withoutUser(full) == options.address)
        #expect(InputScheme.authority(full) == "cam.example:554")
    }

    @Test(arguments: [
        "file:///etc/passwd", "concat:a|b", "subfile,,start,0:x", "data:video/mp4;base64,", "/etc/passwd", "",
    ])
    func `other schemes allow nothing`(address: String) {
        #expect(InputScheme(address: address) == .other)
        var source = LibAVSource(LibAVSource.Options(address: address), interrupt: MediaInterrupt())
        #expect(throws: MediaError.self) { try source.open() }
    }

    @Test func `a refused address is not opened`() {
        var options = LibAVSource.Options(address: "rtsp://127.0.0.1:9/x")
        options.admit = { _ throws(MediaError) in throw MediaError(.refused, "not here") }
        var source = LibAVSource(options, interrupt: MediaInterrupt())
        #expect { try source.open() } throws: { ($0 as? MediaError) == MediaError(.refused, "not here") }
    }
}
