extension [UInt8] {
    /// Appends a number in decimal, without the detour over a string.
    public mutating func appendDecimal(_ number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var width = 1
        var bound: UInt64 = 10
        while width < 19, rest >= bound {
            width += 1
            bound *= 10
        }
        append(contentsOf: repeatElement(0, count: width))
        var index = count - 1
        for _ in 0..<width {
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            index -= 1
        }
    }

    /// Appends the last `width` digits of a number, at most 19, with leading zeros and without its sign.
    public mutating func appendDecimal(_ number: Int, width: Int) {
        var divisor: UInt = 1
        for _ in 1..<Swift.min(Swift.max(width, 1), 19) { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number.magnitude / divisor % 10))
            divisor /= 10
        }
    }
}
