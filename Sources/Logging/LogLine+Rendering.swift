import Encodings
import System

extension LogLine {
    /// The line as bytes, without the line feed.
    func rendered(as format: LogFormat, at time: WallTime) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        switch format {
        case .text: renderText(time, into: &bytes)
        case .json: renderJSON(time, into: &bytes)
        }
        return bytes
    }

    private func renderText(_ time: WallTime, into bytes: inout [UInt8]) {
        Self.appendTime(time, to: &bytes)
        let name = level.rawValue.uppercased()
        bytes += " \(name)\(String(repeating: " ", count: max(0, 7 - name.utf8.count))) ".utf8
        bytes += "\(label.jsonEscaped): \(message.jsonEscaped)".utf8
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            // With JSON's escapes, so that a name with a line feed in it cannot forge a line.
            let shown = value.description.jsonEscaped
            let needsQuotes = shown.isEmpty || shown.utf8.contains { $0 == 0x20 || $0 == 0x3D || $0 == 0x5C }
            bytes += (needsQuotes ? " \(key.rawValue)=\"\(shown)\"" : " \(key.rawValue)=\(shown)").utf8
        }
    }

    private func renderJSON(_ time: WallTime, into bytes: inout [UInt8]) {
        bytes += "{\"time\":\"".utf8
        Self.appendTime(time, to: &bytes)
        bytes += "\",\"level\":\"\(level.rawValue)\",\"label\":\"\(label.jsonEscaped)\"".utf8
        bytes += ",\"message\":\"\(message.jsonEscaped)\"".utf8
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            bytes += ",\"\(key.rawValue.jsonEscaped)\":".utf8
            switch value {
            case .string(let text): bytes += "\"\(text.jsonEscaped)\"".utf8
            case .double(let number) where !number.isFinite: bytes += "null".utf8
            default: bytes += value.description.utf8
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends the time as RFC 3339 in UTC with milliseconds.
    private static func appendTime(_ time: WallTime, to bytes: inout [UInt8]) {
        CivilDate(milliseconds: time.milliseconds).appendRFC3339(to: &bytes)
    }
}
