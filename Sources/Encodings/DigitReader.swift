/// Reads fixed-width numbers and the marks between them from ASCII text, as dates are written.
public struct DigitReader {
    private var rest: ArraySlice<UInt8>

    /// Creates a reader at the start of `text`.
    public init(_ text: some StringProtocol) {
        rest = Array(text.utf8)[...]
    }

    /// Returns true if everything was read.
    public var isAtEnd: Bool { rest.isEmpty }

    /// Passes over a character; returns false, and stays, where another one is next.
    public mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Passes over one of several words; returns its index, or nil, and stays, where none is next.
    public mutating func skip(oneOf words: [String]) -> Int? {
        guard let index = words.firstIndex(where: { rest.starts(with: $0.utf8) }) else { return nil }
        rest.removeFirst(words[index].utf8.count)
        return index
    }

    /// Reads a number of exactly `digits` digits, at most 18; returns nil, and stays, where there are fewer.
    public mutating func number(digits: Int) -> Int? {
        guard digits <= 18, rest.count >= digits else { return nil }
        var value = 0
        for byte in rest.prefix(digits) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        rest.removeFirst(digits)
        return value
    }

    /// Reads one digit or more after a point, scaled to `digits`; finer ones are cut off.
    public mutating func fraction(digits: Int) -> Int? {
        var value = 0
        var count = 0
        while let digit = number(digits: 1) {
            if count < digits { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in 0..<Swift.max(0, digits - count) { value *= 10 }
        return value
    }

    /// Reads `Z`, or a sign, hours and minutes; returns the offset in minutes.
    public mutating func offsetMinutes() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let sign = skip("-") ? -1 : (skip("+") ? 1 : 0)
        guard sign != 0, let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2) else { return nil }
        guard hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
