import Testing

@testable import MP4

@Suite struct CodecStringTests {
    @Test func `H264 names profile, constraints and level`() {
        #expect(CodecString.avc(record: [1, 0x64, 0x00, 0x1F, 0xFF]) == "avc1.64001f")
    }

    @Test func `H265 reverses the compatibility flags and drops trailing constraint bytes`() {
        let main: [UInt8] = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0]
        #expect(CodecString.hevc(record: main) == "hvc1.1.6.L93.90")
        let high: [UInt8] = [1, 0x22, 0x20, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0x01, 120, 0]
        #expect(CodecString.hevc(record: high) == "hvc1.2.4.H120.B0.0.0.0.0.1")
    }

    @Test func `AV1 names profile, level, tier and depth`() {
        #expect(CodecString.av1(record: [0x81, 0x04, 0x0C, 0]) == "av01.0.04M.08")
        #expect(CodecString.av1(record: [0x81, 0x2D, 0xC0, 0]) == "av01.1.13H.10")
    }

    @Test func `MPEG-4 descriptors name audio and frame codecs`() {
        let aac: [UInt8] =
            [0, 0, 0, 0, 3, 25, 0, 1, 0, 4, 17, 0x40] + [UInt8](repeating: 0, count: 12) + [5, 2, 0x12, 0x10]
        #expect(CodecString.mpeg4(descriptor: aac, entry: "mp4a") == "mp4a.40.2")
        let jpeg: [UInt8] = [0, 0, 0, 0, 3, 21, 0, 1, 0, 4, 13, 0x6C] + [UInt8](repeating: 0, count: 12)
        #expect(CodecString.mpeg4(descriptor: jpeg, entry: "mp4v") == "mp4v.6C")
        #expect(CodecString.mpeg4(descriptor: [], entry: "mp4v") == "mp4v")
    }
}
