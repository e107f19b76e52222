import Encodings
import ObserverCore

/// Reads the fields of a request, and keeps every error by the name of its field.
struct FieldReader {
    private let fields: [String: JSONValue]
    private(set) var errors: [String: String]

    /// - Parameters:
    ///   - fields: What was sent.
    ///   - known: The fields that there are.
    init(_ fields: [String: JSONValue], known: Set<String>) {
        self.fields = fields
        let unknown = fields.keys.filter { !known.contains($0) }
        errors = Dictionary(unknown.map { ($0, "is not a field of this request") }) { first, _ in first }
    }

    mutating func reject(_ name: String, _ reason: String) {
        errors[name] = errors[name] ?? reason
    }

    /// A whole number; nil where it is missing or null.
    mutating func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        switch fields[name] {
        case nil, .null: return nil
        case .int(let number) where range.contains(number): return number
        // 10.0 is a whole number to whoever writes JSON.
        case .double(let number) where Int64(exactly: number).map(range.contains) == true: return Int64(exactly: number)
        case .int, .double: reject(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        case let value?: reject(name, "must be a number, not \(value.typeName)")
        }
        return nil
    }

    /// A text that is not blank; nil where it is missing or null.
    mutating func text(_ name: String, longest: Int) -> String? {
        switch fields[name] {
        case nil, .null: return nil
        case .string(let text):
            let trimmed = text.trimmed
            if trimmed.isEmpty {
                reject(name, "must not be empty")
            } else if text.unicodeScalars.count > longest {
                reject(name, "must have at most \(longest) characters")
            } else if trimmed.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" }) {
                reject(name, "must not have control characters")
            } else {
                return trimmed
            }
        case let value?: reject(name, "must be text, not \(value.typeName)")
        }
        return nil
    }

    /// A moment; nil where it is missing or null.
    mutating func time(_ name: String) -> Timestamp? {
        switch fields[name] {
        case nil, .null: return nil
        case .string(let text):
            if let time = Timestamp(rfc3339: text), SegmentLimits.startedAt.contains(time) { return time }
            reject(name, "must be a time such as 2026-11-23T20:00:00Z")
        case let value?: reject(name, "must be text, not \(value.typeName)")
        }
        return nil
    }

    /// Objects; nil where they are missing or null.
    mutating func objects(_ name: String, most: Int) -> [[String: JSONValue]]? {
        switch fields[name] {
        case nil, .null: return nil
        case .array(let values):
            guard values.count <= most else {
                reject(name, "must have at most \(most) elements")
                return nil
            }
            let objects = values.compactMap { if case .object(let members) = $0 { members } else { nil } }
            if objects.count == values.count { return objects }
            reject(name, "must be a list of objects")
        case let value?: reject(name, "must be a list, not \(value.typeName)")
        }
        return nil
    }

    /// Takes over the errors of an element of a list.
    mutating func take(_ other: FieldReader, in name: String) {
        for (field, reason) in other.errors { reject("\(name).\(field)", reason) }
    }

    /// Demands a field that was read.
    mutating func require<Value>(_ name: String, _ value: Value?) -> Value? {
        if value == nil { reject(name, "is required") }
        return value
    }

    /// Throws all errors at once.
    func check() throws(FieldErrors) {
        guard errors.isEmpty else { throw FieldErrors(errors) }
    }
}

extension String {
    /// Without blanks and line ends at both ends.
    fileprivate var trimmed: String {
        let isBlank = { (character: Character) in character == " " || character == "\n" || character == "\t" }
        let start = drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(start[...last])
    }
}
