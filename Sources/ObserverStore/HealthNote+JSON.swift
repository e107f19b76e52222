import Encodings
package import ObserverCore

extension HealthNote {
    /// The longest list and the longest sentence that are stored, within what the table takes.
    private static let most = 16
    private static let longestDetail = 300

    /// Returns the notes as the column `health` of `camera_status` has them.
    static func stored(_ notes: [HealthNote]) -> String {
        var json = JSONWriter(capacity: 16)
        json.array { json in
            for note in notes.prefix(most) {
                json.object { json in
                    json.field("cause", note.cause.rawValue)
                    json.field("detail", note.detail.limited(to: longestDetail))
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Returns the notes of that column.
    ///
    /// Unknown words are left out on purpose: a newer recorder may know more than this program.
    package static func notes(stored bytes: [UInt8]) -> [HealthNote] {
        guard case .array(let list)? = try? JSONParser.parse(bytes) else { return [] }
        return list.compactMap { note in
            guard case .object(let members) = note, case .string(let word)? = members["cause"],
                case .string(let detail)? = members["detail"]
            else { return nil }
            return Cause(rawValue: word).map { HealthNote($0, detail) }
        }
    }
}
