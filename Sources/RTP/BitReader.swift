/// Reads bits of a NAL unit's payload, leaving out the bytes that prevent the emulation of start codes (H.264, 7.4.1).
///
/// Behind the end there are zeros, and `isExhausted` tells that they were read.
struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var zeros = 0
    private var current: UInt8 = 0
    private var remaining = 0
    private(set) var isExhausted = false

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func bit() -> UInt32 {
        if remaining == 0 { advance() }
        remaining -= 1
        return UInt32(current >> UInt8(remaining)) & 1
    }

    /// Reads up to 32 bits.
    mutating func bits(_ count: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count { value = value << 1 | bit() }
        return value
    }

    /// Reads an unsigned Exp-Golomb code (H.264, 9.1); returns nil if it is no such code or the bytes end in it.
    mutating func exponentialGolomb() -> UInt32? {
        var length = 0
        while bit() == 0 {
            length += 1
            guard length < 32, !isExhausted else { return nil }
        }
        let rest = bits(length)
        return isExhausted ? nil : (1 << UInt32(length) - 1) &+ rest
    }

    private mutating func advance() {
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
