/// The pattern of a route's path: `/cameras/{id:int}/segments`, `/segments/{id:uuid}.mp4`.
///
/// `{name}` matches any text, `{name:int}` a whole number of at least 1, `{name:uuid}` a UUID in lower case. Other text
/// does not match, and the response is 404. A parameter may have literal text before and after it. A trailing slash never
/// counts.
public struct PathPattern: Sendable, CustomStringConvertible {
    /// The pattern as written.
    public let description: String
    let segments: [Segment]

    enum ParameterType: String {
        case text
        case int
        case uuid
    }

    enum Segment: Sendable {
        case literal([UInt8])
        case parameter(name: String, type: ParameterType, prefix: [UInt8], suffix: [UInt8])
    }

    /// Reads a pattern.
    ///
    /// - Precondition: The pattern is well-formed; it is part of the program.
    init(_ text: String) {
        description = text
        segments = text.split(separator: "/").map { part in
            guard let open = part.firstIndex(of: "{"), let close = part.lastIndex(of: "}") else {
                return .literal(Array(part.utf8))
            }
            let inner = part[part.index(after: open)..<close].split(separator: ":", maxSplits: 1)
            let type = inner.count == 2 ? ParameterType(rawValue: String(inner[1])) : .text
            guard let type, let name = inner.first else { preconditionFailure("not a path pattern: \(text)") }
            return .parameter(
                name: String(name),
                type: type,
                prefix: Array(part[..<open].utf8),
                suffix: Array(part[part.index(after: close)...].utf8)
            )
        }
    }

    /// The parameters of a path's decoded segments; nil where they do not match.
    func match(_ path: [[UInt8]]) -> PathParameters? {
        guard path.count == segments.count else { return nil }
        var parameters = PathParameters()
        for (segment, bytes) in zip(segments, path) {
            switch segment {
            case .literal(let expected):
                guard expected == bytes else { return nil }
            case .parameter(let name, let type, let prefix, let suffix):
                guard bytes.count > prefix.count + suffix.count, bytes.starts(with: prefix),
                    bytes.suffix(suffix.count).elementsEqual(suffix)
                else { return nil }
                let value = bytes[prefix.count..<(bytes.count - suffix.count)]
                guard let text = String(validating: value, as: UTF8.self), type.accepts(text) else { return nil }
                parameters.values.append((name, text))
            }
        }
        return parameters
    }
}

extension PathPattern.ParameterType {
    fileprivate func accepts(_ text: String) -> Bool {
        switch self {
        case .text:
            return true
        case .int:
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else { return false }
            return number > 0 && text.utf8.first != UInt8(ascii: "0")
        case .uuid:
            let bytes = Array(text.utf8)
            return bytes.count == 36
                && bytes.enumerated().allSatisfy { index, byte in
                    [8, 13, 18, 23].contains(index)
                        ? byte == UInt8(ascii: "-")
                        : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
                }
        }
    }
}
