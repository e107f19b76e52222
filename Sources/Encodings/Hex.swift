extension Sequence<UInt8> {
    /// The bytes in lower-case hexadecimal.
    public var hex: String {
        var text: [UInt8] = []
        text.reserveCapacity(underestimatedCount * 2)
        for byte in self { text.append(hex: byte, uppercase: false) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Reads hexadecimal of either case; nil if the text is anything else.
    public init?(hex text: some StringProtocol) {
        guard text.utf8.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var digits = text.utf8.makeIterator()
        while let high = digits.next(), let low = digits.next() {
            guard let high = Hex.value(of: high), let low = Hex.value(of: low) else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }

    /// Appends a byte as two hexadecimal digits.
    public mutating func append(hex byte: UInt8, uppercase: Bool) {
        append(Hex.digit(byte >> 4, uppercase: uppercase))
        append(Hex.digit(byte & 15, uppercase: uppercase))
    }
}

/// Single hexadecimal digits.
public enum Hex {
    /// The value of an ASCII digit of either case; nil for every other character.
    public static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The ASCII digit of a value below 16; of a larger one, the digit of its lowest four bits.
    public static func digit(_ value: UInt8, uppercase: Bool = false) -> UInt8 {
        let value = value & 15
        guard value >= 10 else { return UInt8(ascii: "0") + value }
        return (uppercase ? UInt8(ascii: "A") : UInt8(ascii: "a")) + value - 10
    }
}
