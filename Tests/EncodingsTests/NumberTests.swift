import Encodings
import Testing

@Suite struct DecimalTests {
    @Test(arguments: [Int64.min, .min + 1, -10, -1, 0, 9, 10, 99, 100, .max - 1, .max])
    func `a number is written as it is`(number: Int64) {
        var bytes: [UInt8] = []
        bytes.appendDecimal(number)
        #expect(String(decoding: bytes, as: UTF8.self) == String(number))
    }

    @Test(arguments: [
        (7, 2, "07"), (7, 1, "7"), (1234, 2, "34"), (0, 3, "000"), (-5, 2, "05"), (Int.min, 19, "9223372036854775808"),
        (1, 0, "1"), (1, 99, "0000000000000000001"),
    ])
    func `a number of a width has leading zeros and nothing else`(number: Int, width: Int, text: String) {
        var bytes: [UInt8] = []
        bytes.appendDecimal(number, width: width)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}

@Suite struct BigEndianTests {
    @Test func `numbers survive the way there and back`() {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt8(1))
        bytes.append(bigEndian: UInt16(0x0203))
        bytes.append(bigEndian: Int32(-2))
        bytes.append(bigEndian: UInt64.max - 1)
        #expect(bytes.hex == "010203fffffffefffffffffffffffe")
        var reader = BigEndianReader(bytes)
        #expect(reader.read(UInt8.self) == 1)
        #expect(reader.read(UInt16.self) == 0x0203)
        #expect(reader.read(Int32.self) == -2)
        #expect(reader.read(UInt64.self) == UInt64.max - 1)
        #expect(reader.remaining.isEmpty)
    }

    @Test func `a step beyond the end reads nothing`() {
        var reader = BigEndianReader([1, 2, 3][1...])
        #expect(reader.read(UInt32.self) == nil)
        #expect(reader.take(3) == nil)
        #expect(reader.take(-1) == nil)
        #expect(reader.take(UInt64.max) == nil)
        let skipped = reader.skip(Int.max)
        #expect(!skipped)
        #expect(reader.take(1) == [2])
        #expect(reader.remaining == [3])
        #expect(reader.read(UInt16.self) == nil)
        #expect(reader.read(UInt8.self) == 3)
        #expect(reader.read(UInt8.self) == nil)
    }

    @Test func `an offset outside a buffer reads nothing`() {
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        bytes.withUnsafeBytes { buffer in
            #expect(buffer.bigEndian(UInt32.self, at: 1) == 0x0203_0405)
            for offset in [-1, 2, Int.min, Int.max] { #expect(buffer.bigEndian(UInt32.self, at: offset) == nil) }
            #expect(buffer.bigEndian(UInt32.self) == nil)
            #expect(UnsafeRawBufferPointer(rebasing: buffer[..<4]).bigEndian(UInt32.self) == 0x0102_0304)
        }
        #expect(UnsafeRawBufferPointer(start: nil, count: 0).bigEndian(UInt8.self) == nil)
    }
}
