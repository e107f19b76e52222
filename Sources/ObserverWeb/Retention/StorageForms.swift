import Encodings
import HTTPRouting
import ObserverCore

/// The values that were typed into the forms of the page, and the errors by the name of the input.
package struct StorageForms: Sendable {
    var typed: [String: String] = [:]
    var errors: [String: String] = [:]
    /// Names of inputs by the names of fields of the API, which the errors come with.
    private static let inputs = ["most_bytes": "most_gigabytes"]

    package init() {}

    init(_ fields: FormFields, errors: [String: String] = [:]) {
        for name in fields.names where name != "csrf" { typed[name] = fields[name] }
        for (name, reason) in errors { self.errors[Self.inputs[name] ?? name] = reason }
    }

    /// The rule that was typed.
    ///
    /// - Throws: `FieldErrors` by the names of the API.
    func policy() throws(FieldErrors) -> RetentionPolicy {
        var fields: [String: JSONValue] = [
            "tag": text("tag"), "camera_id": number("rule_camera"), "longest_days": number("longest_days"),
            "shortest_days": number("shortest_days"),
        ]
        if case .string(let text) = text("most_gigabytes") {
            let gigabytes = Int64(text).flatMap { (1...1_000_000_000).contains($0) ? $0 : nil }
            guard let gigabytes else {
                throw FieldErrors(["most_bytes": "must be a whole number of GB from 1 to 1000000000"])
            }
            fields["most_bytes"] = .int(gigabytes * 1_000_000_000)
        }
        var reader = FieldReader(fields, known: RetentionPolicy.fieldNames)
        let policy = RetentionPolicy(&reader)
        try reader.check()
        guard let policy else { throw FieldErrors(["longest_days": "is required"]) }
        return policy
    }

    /// The hold that was typed, as the API takes it; times without a zone are UTC.
    var hold: [String: JSONValue] {
        ["camera_id": number("camera_id"), "from": moment("from"), "to": moment("to"), "reason": text("reason")]
    }

    private func text(_ name: String) -> JSONValue {
        typed[name].flatMap { $0.allSatisfy { $0 == " " } ? nil : JSONValue.string($0) } ?? .null
    }

    private func number(_ name: String) -> JSONValue {
        guard case .string(let text) = text(name) else { return .null }
        return Int64(text.filter { $0 != " " }).map { .int($0) } ?? .double(0)
    }

    /// Browsers send `2026-11-23T20:00` for an input of a local time.
    private func moment(_ name: String) -> JSONValue {
        guard case .string(let text) = text(name) else { return .null }
        let isShort = text.utf8.count == 16 && !text.hasSuffix("Z")
        return .string(isShort ? text + ":00Z" : text.utf8.count == 19 ? text + "Z" : text)
    }
}
