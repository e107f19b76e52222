extension [UInt8] {
    /// Appends a number with its most significant byte first.
    @inlinable
    public mutating func append(bigEndian number: some FixedWidthInteger & BitwiseCopyable) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// Reads a number with its most significant byte first; nil unless the buffer is exactly as large as it.
    @inlinable
    public func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        guard count == MemoryLayout<Number>.size else { return nil }
        return Number(bigEndian: loadUnaligned(as: Number.self))
    }

    /// Reads a number at a place with its most significant byte first; nil unless it lies within the buffer.
    @inlinable
    public func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type,
        at offset: Int
    ) -> Number? {
        guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
        return Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
