/// Where the secrets of an address are; see ``ShownAddress``.
enum AddressScan {
    struct Secret {
        let name: String
        let range: Range<Int>
    }

    // MARK: Authority

    /// The index behind `://`; 0 when there is none.
    static func authorityStart(_ bytes: [UInt8]) -> Int {
        guard bytes.count >= 3 else { return 0 }
        for index in 0...(bytes.count - 3)
        where bytes[index] == UInt8(ascii: ":") && bytes[index + 1] == slash && bytes[index + 2] == slash {
            return index + 3
        }
        return 0
    }

    static func authorityEnd(_ bytes: [UInt8], from start: Int) -> Int {
        guard start > 0 else { return 0 }
        return bytes[start...].firstIndex(where: isEnd) ?? bytes.count
    }

    /// The index behind the `@` that ends the user information; `start` when there is none.
    static func hostStart(_ bytes: [UInt8], from start: Int) -> Int {
        guard start > 0 else {
            // An address whose scheme was forgotten.
            guard let at = bytes.lastIndex(of: at), bytes[..<at].contains(colon) else { return 0 }
            return at + 1
        }
        let end = authorityEnd(bytes, from: start)
        if let at = bytes[start..<end].lastIndex(of: at) { return at + 1 }
        // A raw "/", "?" or "#" in a password ends the authority too early. A host with a dot or a bracket is one.
        guard let at = bytes[end...].lastIndex(of: at), bytes[start..<at].contains(colon) else { return start }
        let host = bytes[start..<end].prefix { $0 != colon }
        let isHost = host.contains(UInt8(ascii: ".")) || host.first == UInt8(ascii: "[")
        return isHost ? start : at + 1
    }

    // MARK: Secrets

    /// The values, none of them empty, whose names are those of secrets, in order.
    static func secrets(_ bytes: [UInt8], from start: Int) -> [Secret] {
        var found: [Secret] = []
        let decoded = Decoded(bytes, from: start)
        for (index, byte) in decoded.bytes.enumerated() where byte == equals || byte == colon {
            let value = decoded.raw[index + 1]
            if let last = found.last, value < last.range.upperBound { continue }
            let name = decoded.bytes[..<index].reversed().prefix { !isNameStop($0) }.reversed()
            guard !name.isEmpty else { continue }
            let text = String(decoding: name, as: UTF8.self).lowercased()
            guard isSecret(text) else { continue }
            let end = valueEnd(bytes, from: value, start: start)
            if end > value { found.append(Secret(name: text, range: value..<end)) }
        }
        return found
    }

    /// The bytes with `%xx` decoded, and the place where each stood.
    private struct Decoded {
        var bytes: [UInt8] = []
        /// One more than there are bytes.
        var raw: [Int] = []

        init(_ source: [UInt8], from start: Int) {
            var index = start
            while index < source.count {
                raw.append(index)
                if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                    let high = Hex.value(of: source[index + 1]),
                    let low = Hex.value(of: source[index + 2])
                {
                    bytes.append(high << 4 | low)
                    index += 3
                } else {
                    bytes.append(source[index])
                    index += 1
                }
            }
            raw.append(source.count)
        }
    }

    private static let parts = [
        "pass", "pwd", "psw", "psd", "secret", "token", "auth", "credential", "signature", "apikey", "loginpas",
    ]
    private static let words: Set<String> = ["key", "sig", "pw", "pas", "pin", "sid", "session", "sessionid", "hash"]

    /// Judges a name in lower case: `Login-Passwd`, `api_key`, `X-Amz-Signature`.
    static func isSecret(_ name: String) -> Bool {
        let plain = name.filter { $0.isLetter || $0.isNumber }
        if parts.contains(where: { plain.contains($0) }) || plain.hasSuffix("key") { return true }
        let last = name.split { !$0.isLetter && !$0.isNumber }.last.map(String.init) ?? ""
        return words.contains(last)
    }

    /// The end of a value: where the next name stands behind a separator.
    ///
    /// In a query only `&` is one; in a path, `_` is one before the names that cameras of this kind have. Without a next name,
    /// the rest is the value.
    private static func valueEnd(_ bytes: [UInt8], from value: Int, start: Int) -> Int {
        let isQuery = bytes[start..<value].contains(question)
        for index in value..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "&"):
                if nextName(bytes, behind: index) != nil { return index }
            case slash, question, UInt8(ascii: ";"), UInt8(ascii: ","):
                if !isQuery, nextName(bytes, behind: index) != nil { return index }
            case UInt8(ascii: "_"):
                if !isQuery, let name = nextName(bytes, behind: index), pathNames.contains(name) { return index }
            default: break
            }
        }
        return bytes.count
    }

    private static let pathNames: Set<String> = [
        "user", "username", "password", "channel", "chn", "ch", "stream", "real_stream", "subtype", "profile", "id",
    ]

    /// The name between a separator and the next `=`, in lower case; nil where that is no name.
    private static func nextName(_ bytes: [UInt8], behind separator: Int) -> String? {
        let rest = bytes[(separator + 1)...]
        let name = rest.prefix(while: isNameByte)
        guard let first = name.first, isLetter(first) || first == UInt8(ascii: "%"), name.endIndex < bytes.count,
            bytes[name.endIndex] == equals
        else { return nil }
        return String(decoding: name, as: UTF8.self).lowercased()
    }

    // MARK: Writing

    static func masked(_ bytes: [UInt8], _ secrets: [Secret]) -> String {
        replacing(bytes, secrets, with: secrets.map { _ in ShownAddress.mask })
    }

    static func replacing(_ bytes: [UInt8], _ secrets: [Secret], with values: [String]) -> String {
        var output: [UInt8] = []
        var index = 0
        for (secret, value) in zip(secrets, values) {
            output += bytes[index..<secret.range.lowerBound]
            output += Array(value.utf8)
            index = secret.range.upperBound
        }
        output += bytes[index...]
        return String(decoding: output, as: UTF8.self)
    }

    // MARK: Bytes

    private static let slash = UInt8(ascii: "/")
    private static let question = UInt8(ascii: "?")
    private static let equals = UInt8(ascii: "=")
    private static let colon = UInt8(ascii: ":")
    private static let at = UInt8(ascii: "@")

    private static func isEnd(_ byte: UInt8) -> Bool { byte == slash || byte == question || byte == UInt8(ascii: "#") }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "%")
    }

    private static func isNameStop(_ byte: UInt8) -> Bool {
        switch byte {
        case slash, question, equals, colon, at, UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: ","),
            UInt8(ascii: "#"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"),
            UInt8(ascii: "["), 0...0x20:
            true
        default: false
        }
    }
}
