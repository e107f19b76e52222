import Glibc

extension LogLine {
    /// The line as bytes, without the line feed.
    ///
    /// `seconds` and `nanoseconds` count from 1970 in UTC.
    func render(_ format: LogFormat, seconds: Int, nanoseconds: Int) -> [UInt8] {
        switch format {
        case .text: Array(renderText(stamp(seconds, nanoseconds)).utf8)
        case .json: Array(renderJSON(stamp(seconds, nanoseconds)).utf8)
        }
    }

    private func renderText(_ time: String) -> String {
        let name = level.rawValue.uppercased()
        var text = "\(time) \(name)\(String(repeating: " ", count: max(0, 7 - name.count))) \(label): "
        text += Self.escaped(message, quotes: false)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let shown = Self.escaped(value.description, quotes: true)
            let needsQuotes = shown.isEmpty || shown.contains(where: { $0 == " " || $0 == "=" || $0 == "\\" })
            text += needsQuotes ? " \(key.rawValue)=\"\(shown)\"" : " \(key.rawValue)=\(shown)"
        }
        return text
    }

    private func renderJSON(_ time: String) -> String {
        var text = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"label\":\""
        text += Self.escaped(label, quotes: true) + "\",\"message\":\"" + Self.escaped(message, quotes: true) + "\""
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            text += ",\"" + Self.escaped(key.rawValue, quotes: true) + "\":"
            switch value {
            case .string(let string): text += "\"" + Self.escaped(string, quotes: true) + "\""
            case .double(let number) where !number.isFinite: text += "null"
            default: text += value.description
            }
        }
        return text + "}"
    }

    /// JSON's escapes, in both formats: a name with a line feed in it must not be able to forge a line.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes: result += "\\\""
            case "\\" where quotes: result += "\\\\"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private func stamp(_ seconds: Int, _ nanoseconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let year = padded(Int(parts.tm_year) + 1900, 4)
        let date = "\(year)-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let time = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(padded(nanoseconds / 1_000_000, 3))Z"
    }
}
