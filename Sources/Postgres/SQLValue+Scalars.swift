import Encodings

extension Int64: SQLValue {
    /// `bigint`.
    public static var sqlType: SQLType { .int8 }

    /// Appends eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
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
        bytes.append(bigEndian: self)
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
        bytes.append(bigEndian: self)
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
        bytes.append(bigEndian: bitPattern)
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
