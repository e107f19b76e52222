extension [UInt8] {
    /// Appends text with JSON's escapes (RFC 8259, section 7), without the quotes around it.
    ///
    /// DEL and the controls U+0080 to U+009F are escaped too, which JSON allows: a terminal that shows the text obeys them.
    public mutating func append(jsonEscaping utf8: UnsafeRawBufferPointer) {
        var start = 0
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            // In UTF-8, U+0080 to U+009F are C2 80 to C2 9F.
            let isLongControl = byte == 0xC2 && index + 1 < utf8.count && utf8[index + 1] < 0xA0
            guard
                byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F || isLongControl
            else {
                index += 1
                continue
            }
            append(contentsOf: utf8[start..<index])
            if isLongControl { index += 1 }
            appendJSONEscape(utf8[index])
            index += 1
            start = index
        }
        append(contentsOf: utf8[start..<utf8.count])
    }

    private mutating func appendJSONEscape(_ code: UInt8) {
        switch code {
        case UInt8(ascii: "\""): self += "\\\"".utf8
        case UInt8(ascii: "\\"): self += "\\\\".utf8
        case 0x0A: self += "\\n".utf8
        case 0x0D: self += "\\r".utf8
        case 0x09: self += "\\t".utf8
        default:
            self += "\\u00".utf8
            append(hex: code, uppercase: false)
        }
    }
}

extension String {
    /// The text with JSON's escapes, without the quotes around it.
    public var jsonEscaped: String {
        var text = self
        var bytes: [UInt8] = []
        text.withUTF8 { bytes.append(jsonEscaping: UnsafeRawBufferPointer($0)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
