import Encodings
import Testing

@Suite struct ByteBufferTests {
    @Test func `bytes and integers are appended, most significant first`() {
        let buffer = ByteBuffer(capacity: 1)
        buffer.append([1, 2])
        buffer.append(3 as UInt8)
        buffer.append(bigEndian: 0x0405 as UInt16)
        buffer.append(bigEndian: 0x0607_0809 as UInt32)
        buffer.append(bigEndian: 0x0A0B_0C0D_0E0F_1011 as UInt64)
        #expect(Array(buffer.bytes) == Array(1...17))
    }

    @Test func `the memory grows and keeps what is in it`() {
        let buffer = ByteBuffer(capacity: 16)
        for index in 0..<10_000 { buffer.append(bigEndian: UInt32(index)) }
        #expect(buffer.count == 40_000)
        #expect(buffer.withUnsafeBytes { Array($0.suffix(4)) } == [0, 0, 0x27, 0x0F])
        let capacity = buffer.capacity
        buffer.removeAll()
        #expect(buffer.isEmpty && buffer.capacity == capacity)
    }

    @Test func `what exceeds the limit is dropped until the buffer is cut`() {
        let buffer = ByteBuffer(capacity: 4, limit: 10)
        buffer.append([1, 2, 3, 4, 5, 6, 7, 8])
        buffer.append([9, 10, 11])
        #expect(buffer.count == 8 && buffer.hasOverflowed)
        // Nothing that follows a hole is kept.
        buffer.append(12 as UInt8)
        #expect(buffer.count == 8)
        buffer.truncate(to: 7)
        buffer.append([20, 21, 22])
        #expect(Array(buffer.bytes) == [1, 2, 3, 4, 5, 6, 7, 20, 21, 22] && !buffer.hasOverflowed)
    }

    @Test func `a place outside is neither patched nor cut`() {
        let buffer = ByteBuffer()
        buffer.append([0, 0, 0, 0, 9])
        buffer.patch(bigEndian: 0x0102_0304, at: 0)
        for offset in [-1, 2, 5, .max, .min] { buffer.patch(bigEndian: 7, at: offset) }
        #expect(Array(buffer.bytes) == [1, 2, 3, 4, 9])
        buffer.truncate(to: 6)
        #expect(buffer.count == 5)
        buffer.truncate(to: -1)
        #expect(buffer.isEmpty)
    }

    @Test func `a limit of nothing holds nothing`() {
        let buffer = ByteBuffer(limit: 0)
        buffer.append(1 as UInt8)
        #expect(buffer.isEmpty && buffer.hasOverflowed)
    }

    @Test func `room is kept with zeros and filled later`() {
        let buffer = ByteBuffer(capacity: 16, limit: 24)
        buffer.appendZeros(20)
        buffer.overwrite([1, 2, 3], at: 17)
        buffer.overwrite([9, 9], at: 19)
        buffer.overwrite([9], at: -1)
        #expect(Array(buffer.bytes) == [UInt8](repeating: 0, count: 17) + [1, 2, 3])
        buffer.appendZeros(5)
        #expect(buffer.hasOverflowed && buffer.count == 20)
        buffer.appendZeros(-1)
        #expect(buffer.count == 20)
    }
}
