/// Reads JSON (RFC 8259) strictly.
///
/// Beyond the grammar, names must not be repeated in an object (readers differ in which of the two counts), text must be
/// valid UTF-8 without lone surrogates, and the depth is limited. Foundation's decoder promises none of these.
public struct JSONParser {
    /// The depth to which arrays and objects can be nested.
    public static let depthLimit = 16

    private let bytes: [UInt8]
    private var position = 0

    /// Reads a document.
    ///
    /// - Parameter bytes: The document in UTF-8.
    /// - Returns: Its value.
    /// - Throws: ``JSONError``.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.error(.syntax) }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipBlanks()
        guard position < bytes.count else { throw error(.syntax) }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.depthLimit else { throw error(.tooDeep) }
        position += 1
        var members: [String: JSONValue] = [:]
        skipBlanks()
        if take("}") { return .object(members) }
        while true {
            skipBlanks()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw error(.syntax) }
            let name = try string()
            guard members[name] == nil else { throw error(.repeatedName) }
            skipBlanks()
            guard take(":") else { throw error(.syntax) }
            members[name] = try value(depth: depth)
            skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { throw error(.syntax) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.depthLimit else { throw error(.tooDeep) }
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth))
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error(.syntax) }
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw error(.syntax) }
        position += word.utf8.count
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take("-")  // Optional.
        let integerStart = position
        guard digits() > 0 else { throw error(.syntax) }
        if bytes[integerStart] == UInt8(ascii: "0"), position - integerStart > 1 { throw error(.syntax) }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard digits() > 0 else { throw error(.syntax) }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("-") { _ = take("+") }  // Optional.
            guard digits() > 0 else { throw error(.syntax) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let number = Int64(text) { return .int(number) }
        guard let number = Double(text), number.isFinite else { throw error(.badNumber) }
        return .double(number)
    }

    /// Skips digits and returns their number.
    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    // MARK: Text

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: text, as: UTF8.self) else { throw error(.badText) }
                return text
            case UInt8(ascii: "\\"):
                try escape(&text)
            case 0..<0x20:
                throw error(.badText)
            default:
                text.append(byte)
            }
        }
        throw error(.syntax)
    }

    private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw error(.syntax) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += String(try scalar()).utf8
        default: throw error(.badText)
        }
    }

    /// The character after `\u`, of one or of a pair of surrogates.
    private mutating func scalar() throws(JSONError) -> Character {
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code) {
            guard take("\\"), take("u") else { throw error(.badText) }
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw error(.badText) }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error(.badText) }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw error(.badText) }
        var code: UInt32 = 0
        for byte in bytes[position..<(position + 4)] {
            guard let digit = Hex.value(of: byte) else { throw error(.badText) }
            code = code << 4 | UInt32(digit)
        }
        position += 4
        return code
    }

    // MARK: Bytes

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func error(_ kind: JSONError.Kind) -> JSONError {
        let detail =
            switch kind {
            case .syntax: "unexpected character or end at byte \(position)"
            case .tooDeep: "nested deeper than \(Self.depthLimit) at byte \(position)"
            case .repeatedName: "a name is repeated in an object before byte \(position)"
            case .badText: "a text is not valid before byte \(position)"
            case .badNumber: "a number is out of range before byte \(position)"
            }
        return JSONError(kind, detail, offset: position)
    }
}
