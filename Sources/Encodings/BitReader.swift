/// Reads bits of a NAL unit's payload, leaving out the bytes that prevent the emulation of start codes (H.264, 7.4.1).
///
/// Nothing is trusted: behind the end there are zeros, and `isExhausted` tells that they were read.
public struct BitReader {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    @usableFromInline var position = 0
    @usableFromInline var zeros = 0
    @usableFromInline var current: UInt8 = 0
    @usableFromInline var remaining = 0
    /// True after bits behind the end were read, or a code that is too long for a number.
    public private(set) var isExhausted = false

    /// Creates a reader of bytes that stay valid while it is used.
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Reads one bit.
    @inlinable
    public mutating func bit() -> UInt32 {
        if remaining == 0 { advance() }
        remaining -= 1
        return UInt32(current >> UInt8(truncatingIfNeeded: remaining)) & 1
    }

    /// Reads up to 32 bits.
    @inlinable
    public mutating func bits(_ count: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<max(count, 0) { value = value << 1 | bit() }
        return value
    }

    /// Reads one bit as a condition.
    @inlinable
    public mutating func flag() -> Bool { bit() == 1 }

    /// Passes over bits, at most to the end.
    public mutating func skip(_ count: Int) {
        var left = count
        while left > 0, !isExhausted {
            _ = bit()
            left -= 1
        }
    }

    /// Reads an unsigned Exp-Golomb code (H.264, 9.1), 0 to 2^32 - 2; returns nil if it is no such code or the bytes end
    /// in it.
    public mutating func exponentialGolomb() -> UInt32? {
        var length = 0
        while bit() == 0 {
            length += 1
            guard length < 32, !isExhausted else {
                isExhausted = true
                return nil
            }
        }
        let rest = bits(length)
        return isExhausted ? nil : (1 << UInt32(length) - 1) &+ rest
    }

    @usableFromInline
    mutating func advance() {
        if zeros >= 2, position < bytes.count, bytes[position] == 3 {
            position += 1
            zeros = 0
        }
        remaining = 8
        guard position < bytes.count else {
            isExhausted = true
            current = 0
            return
        }
        current = bytes[position]
        position += 1
        zeros = current == 0 ? zeros + 1 : 0
    }
}
