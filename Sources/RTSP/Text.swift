/// Reading of headers and descriptions, where blanks, tabs and letter case mean nothing.
extension StringProtocol {
    /// The text without blanks and tabs at its ends.
    var trimmingBlanks: String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        let bytes = Array(utf8)
        guard let first = bytes.firstIndex(where: { !isBlank($0) }),
            let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// The text without quotation marks around it.
    var unquoted: String {
        let text = trimmingBlanks
        guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        return String(text.dropFirst().dropLast())
    }

    /// The digits at the start of the text as a number; nil without digits or beyond `limit`.
    func leadingNumber(upTo limit: Int) -> Int? {
        var value: Int?
        for byte in trimmingBlanks.utf8 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
            let (next, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            guard !overflow, next <= limit else { return nil }
            value = next + Int(byte - UInt8(ascii: "0"))
        }
        guard let value, value <= limit else { return nil }
        return value
    }

    /// The text as a decimal number within the type's range and with nothing behind it.
    func wholeNumber<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        let text = trimmingBlanks
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Number(text)
    }
}

/// A `name=value` or a lone `name` out of a list that is separated by semicolons.
struct NamedValue: Hashable, Sendable {
    /// In lower case.
    let name: String
    /// Without quotation marks; nil for a lone name.
    let value: String?

    /// Reads a list; a value may contain `=`.
    static func list(_ text: some StringProtocol, separator: Character = ";") -> [NamedValue] {
        text.split(separator: separator).compactMap { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = pair[0].trimmingBlanks.lowercased()
            guard !name.isEmpty else { return nil }
            return NamedValue(name: name, value: pair.count == 2 ? pair[1].unquoted : nil)
        }
    }
}
