/// An address as it may be shown: without user information, and with `***` for each value whose name is that of a secret.
///
/// Cameras take passwords in the query (`?user=a&password=b`), in the path (`/user=a_password=b_channel=1`), with encoded names
/// and in any case. What stands before an `@` is user information wherever the authority seems to end: a password with a raw
/// `/` in it makes it seem so. In doubt, more is hidden than is secret.
///
/// The same for all: what is stored in clear, answers, pages, logs and messages.
public struct ShownAddress: Hashable, Sendable {
    /// The text in the place of a secret; it may be part of an address, so that what was shown can be sent back.
    public static let mask = "***"

    /// The address without user information and secrets.
    public let text: String
    /// The address without user information, for those who may see the rest.
    public let withoutUser: String
    /// The values that are hidden, as they are written; never empty ones.
    public let secrets: [NamedValue]
    /// The user information, as it is written; nil: there is none.
    public let userInformation: String?

    /// A value of the address, with the name that stands before it.
    public struct NamedValue: Hashable, Sendable {
        /// Decoded and in lower case.
        public let name: String
        /// As it is written.
        public let value: String
    }

    /// Reads an address, or any text that could be one.
    public init(_ address: String) {
        let bytes = Array(address.utf8)
        let start = AddressScan.authorityStart(bytes)
        let host = AddressScan.hostStart(bytes, from: start)
        userInformation = host > start ? String(decoding: bytes[start..<(host - 1)], as: UTF8.self) : nil
        let kept = Array(bytes[..<start] + bytes[host...])
        withoutUser = host > start ? String(decoding: kept, as: UTF8.self) : address
        let found = AddressScan.secrets(kept, from: AddressScan.authorityEnd(kept, from: start))
        secrets = found.map { secret in
            NamedValue(name: secret.name, value: String(decoding: kept[secret.range], as: UTF8.self))
        }
        text = found.isEmpty ? withoutUser : AddressScan.masked(kept, found)
    }

    /// Indicates that something is hidden besides user information.
    public var hidesSecrets: Bool { secrets.contains { $0.value != Self.mask } }

    /// Indicates that a secret is missing: the address is one that was shown.
    public var lacksSecrets: Bool { secrets.contains { $0.value.contains(Self.mask) } }

    /// Returns the address with the secrets of another in the places of `***`; nil where that has none of the same name.
    public func filled(from whole: ShownAddress) -> String? {
        var seen: [String: Int] = [:]
        var values: [String] = []
        for secret in secrets {
            let number = seen[secret.name, default: 0]
            seen[secret.name] = number + 1
            guard secret.value == Self.mask else {
                guard !secret.value.contains(Self.mask) else { return nil }
                values.append(secret.value)
                continue
            }
            let same = whole.secrets.filter { $0.name == secret.name }
            guard same.indices.contains(number) else { return nil }
            values.append(same[number].value)
        }
        let bytes = Array(withoutUser.utf8)
        let start = AddressScan.authorityStart(bytes)
        let found = AddressScan.secrets(bytes, from: AddressScan.authorityEnd(bytes, from: start))
        guard found.count == values.count else { return nil }
        return AddressScan.replacing(bytes, found, with: values)
    }

    /// Returns false, quickly, for bytes that hide nothing for certain; true for those that have to be read.
    public static func mayHide(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var colons = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "%"): return true
            case UInt8(ascii: ":"): colons += 1
            default: break
            }
        }
        // One of the scheme, one of the port.
        return colons > 2
    }
}

extension ShownAddress {
    /// Returns a message as it may be shown: each address in it, and each pair of a secret's name and its value, is hidden.
    ///
    /// - Parameters:
    ///   - message: For example what a library says, or what a camera answered.
    ///   - secrets: Values to hide wherever they stand, such as the camera's password; short ones would hide too much.
    /// - Returns: The message without them.
    public static func scrub(_ message: String, secrets: [String] = []) -> String {
        var result = message
        for secret in secrets where secret.utf8.count >= 4 && secret != mask && result.contains(secret) {
            result = result.split(separator: secret, omittingEmptySubsequences: false).joined(separator: mask)
        }
        let bytes = Array(result.utf8)
        guard bytes.withUnsafeBytes({ mayHide($0) }) || result.contains("://") else { return result }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let end = bytes[index...].firstIndex(where: isBetween) ?? bytes.count
            if end > index {
                output += hidden(bytes[index..<end])
                index = end
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func isBetween(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "<")
            || byte == UInt8(ascii: ">")
    }

    /// One word of a message.
    private static func hidden(_ word: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(word)
        if AddressScan.authorityStart(bytes) > 0 {
            return Array(ShownAddress(String(decoding: bytes, as: UTF8.self)).text.utf8)
        }
        let found = AddressScan.secrets(bytes, from: 0)
        return found.isEmpty ? bytes : Array(AddressScan.masked(bytes, found).utf8)
    }
}
