import FoundationEssentials
import ObserverCore

/// The files of the spool that are JSON.
enum SpoolJSON {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding the spool's own values cannot fail: they hold numbers, texts and lists of these.
        guard let data = try? encoder.encode(value) else { preconditionFailure("the spool's values can be encoded") }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    static func decode<Value: Decodable>(_ type: Value.Type, at path: String) throws(SpoolError) -> Value {
        let bytes = try Files.read(path)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as UnknownFormat {
            throw SpoolError(.corrupt, path, reason: error.description)
        } catch {
            throw SpoolError(.corrupt, path, reason: "not the JSON that belongs there")
        }
    }
}
