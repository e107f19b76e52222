import Testing

@testable import Postgres

@Suite struct SQLValueTests {
    private func roundTrip<Value: SQLValue & Equatable>(_ value: Value) -> Bool {
        var bytes: [UInt8] = []
        guard value.encode(into: &bytes) else { return Value.null == value }
        return bytes.withUnsafeBytes { Value.decode($0, type: Value.sqlType) } == value
    }

    @Test func `values survive encoding and decoding`() {
        #expect(roundTrip(Int64.min) && roundTrip(Int64.max) && roundTrip(Int32(-5)) && roundTrip(Int16(300)))
        #expect(roundTrip(true) && roundTrip(false) && roundTrip(-0.25) && roundTrip("Größe 🎥") && roundTrip(""))
        #expect(roundTrip(SQLTimestamp(microseconds: 0)) && roundTrip(SQLTimestamp(microseconds: -1)))
        #expect(roundTrip(SQLUUID(high: 1, low: .max)) && roundTrip([UInt8](0...255)) && roundTrip([UInt8]()))
        #expect(roundTrip(String?.none) && roundTrip(Int64?.some(3)))
        #expect(roundTrip([Int64]()) && roundTrip([1, -1, Int64.max]) && roundTrip(["a", "", "ü"]))
        #expect(roundTrip([String?.some("a"), nil, "b"]) && roundTrip([[UInt8]]([[1], [], [2, 3]])))
    }

    @Test func `a column of another type or length is refused`() {
        [0, 0, 0, 1].withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            let four = UnsafeRawBufferPointer(rebasing: bytes.prefix(4))
            #expect(Int64.decode(four, type: .int4) == 0)
            #expect(Int64.decode(four, type: .int8) == nil)
            #expect(Int32.decode(four, type: .int8) == nil)
            #expect(String.decode(four, type: .int4) == nil)
            #expect(Bool.decode(four, type: .bool) == nil)
            #expect(SQLUUID.decode(four, type: .uuid) == nil)
            #expect([Int64].decode(four, type: .bytea) == nil)
        }
    }

    @Test(arguments: [Int64.min, -1, 0, 1 << 31, .max]) func `a wider column is not read as a narrower number`(
        value: Int64
    ) {
        var bytes: [UInt8] = []
        _ = value.encode(into: &bytes)
        bytes.withUnsafeBytes { bytes in
            #expect(Int.decode(bytes, type: .int8) == Int(value))
            #expect(Int32.decode(bytes, type: .int8) == nil)
            #expect(Int32.decode(bytes, type: .int4) == nil)
            #expect(Int16.decode(bytes, type: .int8) == nil)
            #expect(Double.decode(bytes, type: .int8) == nil)
        }
    }

    @Test func `a damaged array never reads beyond its end`() {
        var bytes: [UInt8] = []
        _ = ["one", "two", "three"].encode(into: &bytes)
        for length in 0..<bytes.count {
            let value = bytes[..<length].withUnsafeBytes { [String].decode($0, type: [String].sqlType) }
            #expect(value == nil)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = damaged.withUnsafeBytes { [String].decode($0, type: [String].sqlType) }
            _ = damaged.withUnsafeBytes { SQLTextArray.forEach($0) { _ in } }
        }
    }

    @Test(arguments: [Int64.min, .min + 1, .max]) func `a moment out of range ends no process`(microseconds: Int64) {
        var bytes: [UInt8] = []
        #expect(SQLTimestamp(microseconds: microseconds).encode(into: &bytes))
        #expect(bytes.count == 8)
        _ = bytes.withUnsafeBytes { SQLTimestamp.decode($0, type: .timestamptz) }
    }

    @Test func `infinity is no moment`() {
        for first: UInt8 in [0x7F, 0x80] {
            let rest: UInt8 = first == 0x7F ? 0xFF : 0
            let bytes = [first] + [UInt8](repeating: rest, count: 7)
            #expect(bytes.withUnsafeBytes { SQLTimestamp.decode($0, type: .timestamptz) } == nil)
        }
    }
}
