import FoundationEssentials

/// Lines of JSON.
enum NDJSON {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The catalogue's own values hold numbers, texts and lists of these, which can always be written.
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("the catalogue's values can be encoded")
        }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// Reads a line; nil where it does not hold such a value.
    static func decode<Value: Decodable>(_ type: Value.Type, _ line: ArraySlice<UInt8>) -> Value? {
        try? JSONDecoder().decode(type, from: Data(line))
    }

    static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "\n"))
    }
}
