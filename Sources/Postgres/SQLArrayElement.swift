import Encodings

/// A type whose arrays are SQL values: `[Int64]` is `bigint[]`, `[UInt8]` is `bytea`.
public protocol SQLArrayElement {
    /// The type of the array.
    static var sqlArrayType: SQLType { get }

    /// Appends an array.
    static func encodeArray(_ values: [Self], into bytes: inout [UInt8])

    /// Reads an array; nil if the column is something else.
    static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> [Self]?
}

extension Array: SQLValue where Element: SQLArrayElement {
    /// The array type of the element.
    public static var sqlType: SQLType { Element.sqlArrayType }

    /// Appends the array.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        Element.encodeArray(self, into: &bytes)
        return true
    }

    /// Reads the array.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> [Element]? {
        Element.decodeArray(bytes, type: type)
    }
}

extension UInt8: SQLArrayElement {
    /// `bytea`.
    public static var sqlArrayType: SQLType { .bytea }

    /// Appends the bytes as they are.
    public static func encodeArray(_ values: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: values)
    }

    /// Reads `bytea`.
    public static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> [UInt8]? {
        type == .bytea ? [UInt8](bytes) : nil
    }
}

extension SQLArrayElement where Self: SQLValue {
    /// The array type of the element's type.
    public static var sqlArrayType: SQLType {
        guard let type = sqlType.array else { preconditionFailure("no array type is known for this element") }
        return type
    }

    /// Appends an array of one dimension, with NULL for elements that are nil (array_send() in arrayfuncs.c:
    /// dimensions, a flag for NULLs, element type, length, lower bound, then each element after its length).
    public static func encodeArray(_ values: [Self], into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: sqlType.rawValue)
        guard !values.isEmpty else { return }
        bytes.append(bigEndian: Int32(truncatingIfNeeded: values.count))
        bytes.append(bigEndian: Int32(1))
        for value in values {
            let start = bytes.count
            bytes.append(bigEndian: Int32(-1))
            guard value.encode(into: &bytes) else { continue }
            let length = Int32(truncatingIfNeeded: bytes.count - start - 4)
            for (index, byte) in withUnsafeBytes(of: length.bigEndian, Array.init).enumerated() {
                bytes[start + index] = byte
            }
        }
    }

    /// Reads an array of at most one dimension.
    public static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> [Self]? {
        var reader = SQLArrayReader(bytes)
        guard let dimensions = reader.int32(), reader.int32() != nil, let element = reader.int32() else { return nil }
        guard dimensions != 0 else { return [] }
        guard dimensions == 1, let count = reader.int32(), count >= 0, reader.int32() != nil else { return nil }
        // Each element has at least its length, which bounds the memory that a damaged count could reserve.
        guard Int(count) <= bytes.count / 4 else { return nil }
        let elementType = SQLType(UInt32(bitPattern: element))
        var values: [Self] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let length = reader.int32() else { return nil }
            if length < 0 {
                guard let null = Self.null else { return nil }
                values.append(null)
            } else {
                guard let slice = reader.take(Int(length)), let value = decode(slice, type: elementType) else {
                    return nil
                }
                values.append(value)
            }
        }
        return values
    }
}

extension Int64: SQLArrayElement {}
extension Int: SQLArrayElement {}
extension Int32: SQLArrayElement {}
extension Int16: SQLArrayElement {}
extension Bool: SQLArrayElement {}
extension Double: SQLArrayElement {}
extension String: SQLArrayElement {}
extension SQLTimestamp: SQLArrayElement {}
extension SQLUUID: SQLArrayElement {}
extension Array: SQLArrayElement where Element == UInt8 {}
extension Optional: SQLArrayElement where Wrapped: SQLValue {}
