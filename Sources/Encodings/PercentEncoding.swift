/// Percent-encoding (RFC 3986, section 2.1).
public enum PercentEncoding {
    /// Encodes all bytes but those of unreserved characters (section 2.3), with upper-case digits.
    ///
    /// - Parameters:
    ///   - text: The text, encoded as UTF-8.
    ///   - keepsSlash: Leaves `/` as it is, for whole paths.
    /// - Returns: The encoded text, which is ASCII.
    public static func encode(_ text: some StringProtocol, keepsSlash: Bool = false) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            case UInt8(ascii: "/") where keepsSlash:
                result.append(byte)
            default:
                result.append(UInt8(ascii: "%"))
                result.append(hex: byte, uppercase: true)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Decodes bytes; nil where a percent sign is not followed by two hexadecimal digits.
    ///
    /// - Parameters:
    ///   - bytes: The encoded bytes.
    ///   - plusIsSpace: Reads `+` as a space, as forms do.
    /// - Returns: The decoded bytes.
    public static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(Hex.value), let low = iterator.next().flatMap(Hex.value) else {
                    return nil
                }
                result.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                result.append(UInt8(ascii: " "))
            default:
                result.append(byte)
            }
        }
        return result
    }

    /// Decodes text; nil where a percent sign stands alone, or the result is not UTF-8 or holds a control character.
    public static func decodeText(_ text: some StringProtocol) -> String? {
        guard let bytes = decode(Array(text.utf8)), let decoded = String(validating: bytes, as: UTF8.self),
            decoded.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return nil }
        return decoded
    }
}
