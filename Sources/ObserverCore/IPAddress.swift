/// An IPv4 or IPv6 address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes, in network order.
    package let bytes: [UInt8]

    /// Creates an address from 4 or 16 bytes; returns nil for another count.
    ///
    /// IPv6 addresses that stand for an IPv4 address (mapped, NAT64) become that address, so that another spelling evades
    /// no rule.
    package init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self.bytes = bytes
        case 16:
            let mapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            let translated = Array(bytes.prefix(12)) == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
            self.bytes = mapped || translated ? Array(bytes.suffix(4)) : bytes
        default: return nil
        }
    }

    /// Reads an address as a URL may spell it: IPv6, or IPv4 also in the old forms with hexadecimal, octal or fewer parts
    /// (inet_aton(3)), which the C library would understand.
    package init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.parseIPv6(text) else { return nil }
            self.init(bytes: bytes)
        } else {
            guard let bytes = Self.parseIPv4(text) else { return nil }
            self.init(bytes: bytes)
        }
    }

    package var isIPv4: Bool { bytes.count == 4 }

    package var description: String {
        guard !isIPv4 else { return bytes.map { String($0) }.joined(separator: ".") }
        return (0..<8).map { String(Int(bytes[2 * $0]) << 8 | Int(bytes[2 * $0 + 1]), radix: 16) }.joined(
            separator: ":"
        )
    }

    private static func parseIPv4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var numbers: [UInt64] = []
        for part in parts {
            guard let number = parseNumber(part) else { return nil }
            numbers.append(number)
        }
        // The last part fills all the bytes that are left.
        guard let last = numbers.popLast(), numbers.allSatisfy({ $0 < 256 }) else { return nil }
        let left = 4 - numbers.count
        guard last < 1 << (8 * UInt64(left)) else { return nil }
        let tail = (0..<left).map { UInt8(truncatingIfNeeded: last >> (8 * UInt64(left - 1 - $0))) }
        return numbers.map { UInt8($0) } + tail
    }

    private static func parseNumber(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, !text.hasPrefix("+"), !text.hasPrefix("-") else { return nil }
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt64(text.dropFirst(2), radix: 16) }
        if text.count > 1, text.hasPrefix("0") { return UInt64(text.dropFirst(), radix: 8) }
        return UInt64(text)
    }

    private static func parseIPv6(_ text: String) -> [UInt8]? {
        var text = text
        // An IPv4 address may stand for the last 32 bits.
        if text.contains(".") {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            let tail = text[text.index(after: colon)...]
            guard tail.split(separator: ".").count == 4, let bytes = parseIPv4(String(tail)) else { return nil }
            let high = String(Int(bytes[0]) << 8 | Int(bytes[1]), radix: 16)
            let low = String(Int(bytes[2]) << 8 | Int(bytes[3]), radix: 16)
            text = text[...colon] + high + ":" + low
        }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard (1...2).contains(halves.count) else { return nil }
        func groups(_ half: Substring) -> [UInt16]? {
            guard !half.isEmpty else { return [] }
            var result: [UInt16] = []
            for group in half.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(group.count), group.first != "+", group.first != "-",
                    let number = UInt16(group, radix: 16)
                else { return nil }
                result.append(number)
            }
            return result
        }
        guard let head = groups(halves[0]), let tail = halves.count == 2 ? groups(halves[1]) : [] else { return nil }
        let missing = 8 - head.count - tail.count
        guard halves.count == 2 ? missing >= 1 : missing == 0 else { return nil }
        let all = head + Array(repeating: 0, count: max(missing, 0)) + tail
        return all.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }
}
