import Encodings
import SeededNumbers
import Testing

@testable import MP4

/// Parameter sets of cameras and encoders; sizes and orders are those that ffprobe finds.
@Suite(.timeLimit(.minutes(1)))
struct ParameterSetTests {
    /// A set and the facts in it.
    struct Known: CustomTestStringConvertible, Sendable {
        var unit: [UInt8]
        var width: Int
        var height: Int
        var reordered: Int?

        init(_ hex: String, _ width: Int, _ height: Int, reordered: Int? = nil) {
            unit = [UInt8](hex: hex) ?? []
            self.width = width
            self.height = height
            self.reordered = reordered
        }

        var testDescription: String { unit.hex }
    }

    static let h264 = [
        Known("274d00208d6a050079a10000030001000003002884", 1280, 960),
        Known("274de0288d6805005ba1000003000100000300280f1422a0", 1280, 720, reordered: 0),
        Known("674d001f95a814016e40", 1280, 720),
        Known("674d001e95a82d0f69b80808081000000001", 720, 480),
        Known("674d002a9da81e0089f966e02020280000030008000003007c20", 1920, 1080),
        Known("674d401f95a02c049a6c04", 704, 576),
        Known("674d402a8d8d403c0113f2e02dc040405000003e800015f909da08846a", 1920, 1080, reordered: 0),
        Known("674d403295a00a80307e266e020202800001f40000753042", 2688, 1520),
        Known("6742c01ed903c56840000003004000000c03c58b92", 240, 160, reordered: 0),
        Known("6764000dacd941419f9f0110000003001000000303c0f1429960", 320, 180, reordered: 2),
        Known("67f4000d919b282c12d808800000030080000019078a14cb", 352, 288, reordered: 2),
        Known("67640028acd940780227e5c044000003000400000300f03c60c658", 1920, 1080, reordered: 2),
        Known("67640028acd94078044fdffe0016002020000003002000000643e2c5b2c0", 1920, 1080, reordered: 2),
        Known("676e000da6cd9416096c0440000003004000000c83c50a6580", 352, 288, reordered: 2),
    ]

    static let h265 = [
        Known("42010101400000030000030000030000030099a00280802c1fe5aee46c1ae551350506050080", 1280, 704, reordered: 0),
        Known(
            "42010101600000030000030000030000030096a001402005a1fe2ab4ee892ee680800dbba000cdfe6004",
            2560,
            1440,
            reordered: 0
        ),
        Known(
            "42010101600000030090000003000003003ca00b08048596566924caf0168080000003008000000c84",
            352,
            288,
            reordered: 2
        ),
        Known(
            "4201010408000003009d0800000300003cb00b080484d96566924caf016808000003000800000300c840",
            352,
            288,
            reordered: 2
        ),
        Known(
            "420101016000000300900000030000030078a003c08010e596566924cafff000b001068080000003008000000c84",
            1920,
            1080,
            reordered: 2
        ),
        Known(
            "42010101600000030090000003000003003ca00b080485964a924caf016808000003000800000300c840",
            352,
            288,
            reordered: 0
        ),
    ]

    @Test(arguments: h264)
    func `a sequence parameter set of H264 gives size and order`(known: Known) throws {
        let sequence = try #require(AVCSequence(unit: known.unit))
        #expect(sequence.width == known.width && sequence.height == known.height)
        #expect(sequence.reorderedFrames == known.reordered)
        #expect([sequence.profile, sequence.constraints, sequence.level] == Array(known.unit[1...3]))
        #expect(known.unit.withUnsafeBytes { ParameterSetName(avc: $0) }?.id == 0)
    }

    @Test(arguments: h265)
    func `a sequence parameter set of H265 gives size and order`(known: Known) throws {
        let sequence = try #require(HEVCSequence(unit: known.unit))
        #expect(sequence.width == known.width && sequence.height == known.height)
        #expect(sequence.reorderedFrames == known.reordered)
        #expect(known.unit.withUnsafeBytes { ParameterSetName(hevc: $0) }?.id == 0)
    }

    @Test func `frame rates are read where they stand`() {
        func rate(_ hex: String) -> Double? { [UInt8](hex: hex).flatMap { AVCSequence(unit: $0) }?.framesPerSecond }
        #expect(rate("67640028acd940780227e5c044000003000400000300f03c60c658") == 30)
        #expect(rate("6742c01ed903c56840000003004000000c03c58b92") == 24)
        #expect(rate("674d001f95a814016e40") == nil)
    }

    @Test func `formats beyond eight bits and 4 2 0 are told apart`() throws {
        let ten = try #require(AVCSequence(unit: Self.h264[13].unit))
        #expect(ten.extraLumaBits == 2 && ten.extraChromaBits == 2 && ten.chromaFormat == 1)
        let full = try #require(AVCSequence(unit: Self.h264[10].unit))
        #expect(full.extraLumaBits == 0 && full.chromaFormat == 3)
        let range = try #require(HEVCSequence(unit: Self.h265[3].unit))
        #expect(range.extraLumaBits == 2 && range.extraChromaBits == 2 && range.chromaFormat == 2)
        let main = try #require(HEVCSequence(unit: Self.h265[2].unit))
        #expect(main.profileTierLevel.hex == "01600000009000000000003c" && main.temporalLayers == 1 && main.isNested)
    }

    @Test func `picture and video parameter sets have names`() {
        func avc(_ bytes: [UInt8]) -> ParameterSetName? { bytes.withUnsafeBytes { ParameterSetName(avc: $0) } }
        func hevc(_ bytes: [UInt8]) -> ParameterSetName? { bytes.withUnsafeBytes { ParameterSetName(hevc: $0) } }
        #expect(avc([0x68, 0xEB, 0xE3, 0xCB])?.id == 0)
        #expect(avc([0x68, 0x5B, 0xE3])?.id == 1)
        #expect(avc([0x65, 0x88]) == nil && avc([0x68]) == nil && avc([]) == nil)
        #expect(hevc([0x40, 0x01, 0x2C])?.id == 2)
        #expect(hevc([0x44, 0x01, 0xC1, 0x72])?.id == 0)
        // Of another layer.
        #expect(hevc([0x40, 0x09, 0x0C]) == nil && hevc([0x44, 0x01]) == nil)
    }

    // MARK: Hostile sets

    /// Reads bytes as every kind of set; what is found has sizes that a frame can have.
    private static func read(_ unit: [UInt8]) {
        if let sequence = AVCSequence(unit: unit) {
            #expect(1...2_228_224 ~= sequence.width && 1...2_228_224 ~= sequence.height)
            #expect(sequence.width * sequence.height <= 139_264 * 256)
            #expect(0...16 ~= sequence.reorderedFrames ?? 0)
            #expect(sequence.framesPerSecond.map { $0 > 0 && $0.isFinite } ?? true)
        }
        if let sequence = HEVCSequence(unit: unit) {
            #expect(1...16_888 ~= sequence.width && 1...16_888 ~= sequence.height)
            #expect(0...16 ~= sequence.reorderedFrames)
        }
        unit.withUnsafeBytes {
            _ = ParameterSetName(avc: $0)
            _ = ParameterSetName(hevc: $0)
        }
    }

    @Test(arguments: h264 + h265)
    func `sets that are cut or damaged anywhere are read or refused, never more`(known: Known) {
        for length in 0...known.unit.count { Self.read(Array(known.unit.prefix(length))) }
        for index in known.unit.indices {
            for bit in 0..<8 {
                var unit = known.unit
                unit[index] ^= 1 << UInt8(bit)
                Self.read(unit)
            }
            for value: [UInt8] in [[0, 0, 0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 3, 0, 0, 3]] {
                Self.read(Array(known.unit.prefix(index)) + value + known.unit.dropFirst(index))
            }
        }
    }

    @Test func `random bytes behind a header are no set of absurd size`() {
        var random = SeededGenerator(seed: 264_265)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...60, using: &random)
            let tail = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            Self.read([0x67, [66, 77, 88, 100, 244].randomElement(using: &random) ?? 100] + tail)
            Self.read([0x42, 0x01] + tail)
            Self.read(tail)
        }
    }

    @Test func `a set that asks for lists without end is read in no time`() {
        // 255 offsets of a picture order count, each followed by zeros that mean the longest codes.
        let unit = [0x67, 66, 0, 30, 0b1101_0111] + [UInt8](repeating: 0x01, count: 4096)
        let clock = ContinuousClock()
        #expect(clock.measure { for _ in 0..<100 { Self.read(unit) } } < .seconds(5))
        Self.read([0x67, 100, 0, 30] + [UInt8](repeating: 0, count: 1 << 20))
        Self.read([0x42, 0x01, 0xFF] + [UInt8](repeating: 0xFF, count: 1 << 20))
    }

    @Test func `a window without content is no window`() throws {
        // 1280x720 whose crop is larger than the frame: width 80, height 45 macroblocks, crop 2000 at each side.
        var writer = BitWriter()
        for (value, bits) in [(66, 8), (0, 8), (30, 8)] as [(UInt32, Int)] { writer.bits(value, bits) }
        for code: UInt32 in [0, 0, 0, 0, 1] { writer.code(code) }
        writer.bits(0, 1)
        writer.code(79)
        writer.code(44)
        writer.bits(0b111, 3)
        for _ in 0..<4 { writer.code(2000) }
        writer.bits(0, 1)
        writer.bits(1, 1)
        let sequence = try #require(AVCSequence(unit: [0x67] + writer.finish()))
        #expect(sequence.width == 1280 && sequence.height == 720)
    }
}

/// Writes bits and Exp-Golomb codes.
struct BitWriter {
    private var bytes: [UInt8] = []
    private var count = 0

    mutating func bits(_ value: UInt32, _ count: Int) {
        for bit in (0..<count).reversed() {
            if self.count % 8 == 0 { bytes.append(0) }
            bytes[bytes.count - 1] |= UInt8(value >> UInt32(bit) & 1) << UInt8(7 - self.count % 8)
            self.count += 1
        }
    }

    mutating func code(_ value: UInt32) {
        let length = 32 - (value + 1).leadingZeroBitCount
        bits(0, length - 1)
        bits(value + 1, length)
    }

    func finish() -> [UInt8] { bytes }
}
