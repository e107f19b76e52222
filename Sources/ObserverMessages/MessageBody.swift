import FoundationEssentials
import ObserverCore

/// Bodies of messages as JSON.
enum MessageBody {
    /// The largest body that is read.
    private static let limit = 8 * 1024

    /// - Throws: `UnknownFormat` for another version than the known one.
    static func check(format found: Int, known: Int) throws {
        guard found == known else { throw UnknownFormat(found: found, known: known) }
    }

    static func decode<Body: Decodable>(_ type: Body.Type, from body: [UInt8]) throws(MessageError) -> Body {
        guard body.count <= limit else { throw MessageError(.tooLarge, "\(body.count) bytes") }
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch let error as UnknownFormat {
            throw MessageError(.unknownVersion, error.description)
        } catch let error as DecodingError {
            throw MessageError(.malformed, error.fieldPath)
        } catch {
            throw MessageError(.malformed, "not JSON")
        }
    }

    static func encode(_ body: some Encodable) throws(MessageError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(body))
        } catch {
            throw MessageError(.invalid, "a value that JSON cannot hold")
        }
    }
}

extension DecodingError {
    /// The field that is wrong, without its value.
    fileprivate var fieldPath: String {
        func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
            let keys = (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue)
            return keys.isEmpty ? "not a JSON object" : "field \(keys.joined(separator: "."))"
        }
        return switch self {
        case .keyNotFound(let key, let context): path(context, key) + " is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): path(context) + " has the wrong type"
        case .dataCorrupted(let context): path(context) + " is wrong"
        @unknown default: "wrong"
        }
    }
}
