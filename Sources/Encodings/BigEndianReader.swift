/// Reads numbers with their most significant byte first, and pieces, from the front of bytes.
///
/// Every step is checked against the end, so a length from outside cannot lead beyond it. A step that fails reads nothing.
public struct BigEndianReader {
    private var rest: ArraySlice<UInt8>

    /// Creates a reader at the start of `bytes`.
    public init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// Creates a reader at the start of `bytes`.
    public init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// The number of bytes that are left.
    public var count: Int { rest.count }

    /// The bytes that are left.
    public var remaining: ArraySlice<UInt8> { rest }

    /// Reads a number; nil where too few bytes are left.
    public mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        guard let number = rest.withUnsafeBytes({ $0.bigEndian(type, at: 0) }) else { return nil }
        rest = rest.dropFirst(MemoryLayout<Number>.size)
        return number
    }

    /// Takes the next bytes; nil where fewer are left, or for a negative count.
    public mutating func take(_ count: some BinaryInteger) -> ArraySlice<UInt8>? {
        guard let count = Int(exactly: count), count >= 0, count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Passes over the next bytes; returns false where fewer are left.
    public mutating func skip(_ count: some BinaryInteger) -> Bool {
        take(count) != nil
    }
}
