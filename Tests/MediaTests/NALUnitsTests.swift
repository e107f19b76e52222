import Testing

@testable import Media

@Suite struct NALUnitsTests {
    static func inspect(_ bytes: [UInt8], _ codec: VideoCodec, _ framing: NALUnits.Framing = .annexB) -> KeyPacketFacts
    {
        bytes.withUnsafeBytes { NALUnits.inspect($0, codec: codec, framing: framing) }
    }

    @Test func `an IDR frame with its parameter sets`() {
        let bytes: [UInt8] = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 0, 0, 1, 0x65, 9, 9, 9]
        let facts = Self.inspect(bytes, .h264)
        #expect(facts.kind == .idr)
        #expect(facts.sets == [[0x67, 1, 2, 3], [0x68, 4]])
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

    @Test func `a length that lies ends with the packet`() {
        #expect(Self.inspect([0xFF, 0xFF, 0xFF, 0xFF, 0x65], .h264, .lengths(4)).kind == .idr)
        #expect(NALUnits.units(in: [0, 0, 0, 9, 1, 2], framing: .lengths(4)) == [[1, 2]])
        #expect(NALUnits.units(in: [0, 0, 0], framing: .lengths(4)) == [])
    }

    @Test func `start codes of both lengths, and zeros behind a unit, set units apart`() {
        let bytes: [UInt8] = [0, 0, 0, 1, 9, 0x10, 0, 0, 1, 0x65, 1, 0, 0, 3, 0, 0, 0, 0, 0, 1, 0x41, 2, 0, 0]
        #expect(NALUnits.units(in: bytes, framing: .annexB) == [[9, 0x10], [0x65, 1, 0, 0, 3], [0x41, 2]])
        #expect(NALUnits.units(in: [1, 2, 3, 0, 0], framing: .annexB) == [])
        #expect(NALUnits.units(in: [0, 0, 1], framing: .annexB) == [[]])
    }
}
