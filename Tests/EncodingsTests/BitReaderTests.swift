import Encodings
import Testing

@Suite struct BitReaderTests {
    private static func read<Result>(_ bytes: [UInt8], _ body: (inout BitReader) -> Result) -> Result {
        bytes.withUnsafeBytes { raw in
            var reader = BitReader(raw)
            return body(&reader)
        }
    }

    @Test func `bits come most significant first`() {
        let parts = Self.read([0b1010_0101, 0xFF]) { [$0.bits(3), $0.bit(), $0.bits(4), $0.bits(8)] }
        #expect(parts == [5, 0, 5, 255])
        #expect(Self.read([0xDE, 0xAD, 0xBE, 0xEF]) { $0.bits(32) } == 0xDEAD_BEEF)
        #expect(Self.read([0xFF]) { $0.bits(-1) } == 0)
    }

    @Test func `bytes against start codes are left out`() {
        #expect(Self.read([0, 0, 3, 1, 0, 0, 3, 2]) { [$0.bits(24), $0.bits(24)] } == [1, 2])
        #expect(Self.read([0, 3, 0, 0, 3]) { [$0.bits(32)] } == [0x0003_0000])
    }

    @Test(
        arguments: [([0b1000_0000], 0), ([0b0100_0000], 1), ([0b0110_0000], 2), ([0b0001_0110], 10)]
            as [([UInt8], UInt32)]
    )
    func `codes of Exponential Golomb are numbers`(bytes: [UInt8], value: UInt32) {
        #expect(Self.read(bytes) { $0.exponentialGolomb() } == value)
    }

    @Test func `the largest code is a number, a longer one is none`() {
        let largest: [UInt8] = [0, 0, 0, 0x01, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(Self.read(largest) { $0.exponentialGolomb() } == UInt32.max - 1)
        #expect(Self.read([0, 0, 3, 0, 0, 3, 0, 0, 3, 0xFF]) { ($0.exponentialGolomb(), $0.isExhausted).0 } == nil)
    }

    @Test func `behind the end there are zeros`() {
        #expect(Self.read([0xFF]) { [$0.bits(12), $0.isExhausted ? 1 : 0] } == [0xFF0, 1])
        #expect(Self.read([]) { $0.exponentialGolomb() } == nil)
        let isExhausted = Self.read([1, 2]) { reader in
            reader.skip(16)
            let before = reader.isExhausted
            reader.skip(.max)
            return [before, reader.isExhausted]
        }
        #expect(isExhausted == [false, true])
    }
}
