/// The text of the elements of a small XML document, in order: as much of XML as S3's responses need.
///
/// Attributes, comments and processing instructions are passed over. Reading ends at the first place that is not
/// well-formed; the elements before it stay.
struct XMLText {
    private let elements: [(path: [String], text: String)]
    /// True if the document was well-formed to its end.
    let isComplete: Bool

    init(_ bytes: [UInt8]) {
        var elements: [(path: [String], text: String)] = []
        var path: [String] = []
        var text: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.first {
            guard byte == UInt8(ascii: "<") else {
                text.append(byte)
                rest.removeFirst()
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { break }
            let tag = rest[(rest.startIndex + 1)..<end]
            rest = rest[(end + 1)...]
            switch tag.first {
            case UInt8(ascii: "?"), UInt8(ascii: "!"): continue
            case UInt8(ascii: "/"):
                guard let name = path.last, tag.dropFirst().elementsEqual(name.utf8) else {
                    self.elements = elements
                    isComplete = false
                    return
                }
                elements.append((path, Self.decode(text)))
                path.removeLast()
            default:
                let name = String(decoding: tag.prefix { $0 != 0x20 && $0 != UInt8(ascii: "/") }, as: UTF8.self)
                // Depth is bounded: no response of S3 is deeper than four.
                guard !name.isEmpty, path.count < 16 else {
                    self.elements = elements
                    isComplete = false
                    return
                }
                if tag.last == UInt8(ascii: "/") {
                    elements.append((path + [name], ""))
                } else {
                    path.append(name)
                }
            }
            text = []
        }
        self.elements = elements
        isComplete = path.isEmpty && rest.isEmpty && !elements.isEmpty
    }

    /// Returns the text of the first element of a name, at any depth.
    func first(_ name: String) -> String? {
        elements.first { $0.path.last == name }?.text
    }

    /// Returns the texts of all elements whose path ends like this: `["Contents", "Key"]`.
    func all(_ path: [String]) -> [String] {
        elements.filter { $0.path.suffix(path.count).elementsEqual(path) }.map(\.text)
    }

    private static func decode(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let ampersand = rest.firstIndex(of: "&") {
            result += rest[..<ampersand]
            rest = rest[ampersand...]
            guard let end = rest.firstIndex(of: ";"), let character = entity(rest[rest.index(after: ampersand)..<end])
            else {
                result += "&"
                rest.removeFirst()
                continue
            }
            result.unicodeScalars.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func entity(_ name: Substring) -> Unicode.Scalar? {
        switch name {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        default:
            if name.hasPrefix("#x") {
                UInt32(name.dropFirst(2), radix: 16).flatMap { Unicode.Scalar($0) }
            } else if name.hasPrefix("#") {
                UInt32(name.dropFirst()).flatMap { Unicode.Scalar($0) }
            } else {
                nil
            }
        }
    }
}
