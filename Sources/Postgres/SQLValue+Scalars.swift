extension Int64: SQLValue {
    /// `bigint`.
    public static var sqlType: SQLType { .int8 }

    /// Appends eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(self)
        return true
    }

    /// Reads `bigint`, `integer` or `smallint`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Int64? {
        switch type {
        case .int8: bytes.bigEndian(Int64.self)
        case .int4: bytes.bigEndian(Int32.self).map(Int64.init)
        case .int2: bytes.bigEndian(Int16.self).map(Int64.init)
        default: nil
        }
    }
}

extension Int: SQLValue {
    /// `bigint`.
    public static var sqlType: SQLType { .int8 }

    /// Appends eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        Int64(self).encode(into: &bytes)
    }

    /// Reads `bigint`, `integer` or `smallint`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Int? {
        Int64.decode(bytes, type: type).flatMap(Int.init(exactly:))
    }
}

extension Int32: SQLValue {
    /// `integer`.
    public static var sqlType: SQLType { .int4 }

    /// Appends four bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(self)
        return true
    }

    /// Reads `integer` or `smallint`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Int32? {
        switch type {
        case .int4: bytes.bigEndian(Int32.self)
        case .int2: bytes.bigEndian(Int16.self).map(Int32.init)
        default: nil
        }
    }
}

extension Int16: SQLValue {
    /// `smallint`.
    public static var sqlType: SQLType { .int2 }

    /// Appends two bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(self)
        return true
    }

    /// Reads `smallint`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Int16? {
        type == .int2 ? bytes.bigEndian(Int16.self) : nil
    }
}

extension Bool: SQLValue {
    /// `boolean`.
    public static var sqlType: SQLType { .bool }

    /// Appends one byte.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }

    /// Reads `boolean`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Bool? {
        guard type == .bool, bytes.count == 1 else { return nil }
        return bytes[0] != 0
    }
}

extension Double: SQLValue {
    /// `double precision`.
    public static var sqlType: SQLType { .float8 }

    /// Appends eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(bitPattern)
        return true
    }

    /// Reads `double precision` or `real`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> Double? {
        switch type {
        case .float8: bytes.bigEndian(UInt64.self).map(Double.init(bitPattern:))
        case .float4: bytes.bigEndian(UInt32.self).map { Double(Float(bitPattern: $0)) }
        default: nil
        }
    }
}

extension String: SQLValue {
    /// `text`.
    public static var sqlType: SQLType { .text }

    /// Appends the UTF-8 bytes; PostgreSQL refuses text with a NUL byte (SQLSTATE 22021).
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: utf8)
        return true
    }

    /// Reads `text`, `varchar`, `name`, `json` and `jsonb` (as its text).
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> String? {
        SQLType.textBytes(bytes, type: type).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension SQLType {
    /// The UTF-8 of a text column; nil when the column is no text.
    static func textBytes(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> UnsafeRawBufferPointer? {
        switch type {
        case .text, .varchar, .name, .json, .unknown: bytes
        // jsonb_send() puts a version byte, 1, before the text.
        case .jsonb: bytes.first == 1 ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : nil
        default: nil
        }
    }
}

/// A moment: `timestamp with time zone`.
public struct SQLTimestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01 00:00 UTC.
    public let microseconds: Int64

    /// Makes a moment.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Orders by time.
    public static func < (left: SQLTimestamp, right: SQLTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// PostgreSQL counts from 2000-01-01.
    static let postgresEpoch: Int64 = 946_684_800_000_000
}

extension SQLTimestamp: SQLValue {
    /// `timestamp with time zone`.
    public static var sqlType: SQLType { .timestamptz }

    /// Appends eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        let (value, overflow) = microseconds.subtractingReportingOverflow(Self.postgresEpoch)
        bytes.appendBigEndian(overflow ? Int64.min : value)
        return true
    }

    /// Reads `timestamp with time zone`; `infinity` and `-infinity` are refused.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> SQLTimestamp? {
        guard type == .timestamptz, let value = bytes.bigEndian(Int64.self), value != .min else { return nil }
        let (microseconds, overflow) = value.addingReportingOverflow(postgresEpoch)
        return overflow ? nil : SQLTimestamp(microseconds: microseconds)
    }
}

/// The sixteen bytes of a `uuid`.
public struct SQLUUID: Hashable, Sendable {
    /// Bytes 0 to 7, the first one the most significant.
    public let high: UInt64
    /// Bytes 8 to 15.
    public let low: UInt64

    /// Makes a uuid from its halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Makes a uuid from its bytes; nil unless there are sixteen.
    public init?(bytes: some Sequence<UInt8>) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        var count = 0
        for byte in bytes {
            if count < 8 {
                halves.high = halves.high << 8 | UInt64(byte)
            } else {
                halves.low = halves.low << 8 | UInt64(byte)
            }
            count += 1
        }
        guard count == 16 else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    /// The sixteen bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        bytes.appendBigEndian(high)
        bytes.appendBigEndian(low)
        return bytes
    }
}

extension SQLUUID: SQLValue {
    /// `uuid`.
    public static var sqlType: SQLType { .uuid }

    /// Appends sixteen bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(high)
        bytes.appendBigEndian(low)
        return true
    }

    /// Reads `uuid`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> SQLUUID? {
        guard type == .uuid, bytes.count == 16 else { return nil }
        return SQLUUID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// The number, if that is all there is.
    func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        guard count == MemoryLayout<Number>.size else { return nil }
        return Number(bigEndian: loadUnaligned(as: Number.self))
    }
}
