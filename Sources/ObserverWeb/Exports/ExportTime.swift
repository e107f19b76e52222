import HTTPRouting
import ObserverConfiguration
import ObserverCore

/// Reads a moment of a form: RFC 3339, or what a browser's field for a local time gives, with a zone.
enum ExportTime {
    /// - Throws: `Problem` 422 that names the field.
    static func read(_ fields: FormFields, _ name: String, zone: String?) throws(Problem) -> Timestamp? {
        guard let text = fields[name], !text.isEmpty else { return nil }
        if let moment = Timestamp(rfc3339: text) { return moment }
        // `2026-11-27T12:00`, with seconds or without.
        let full = text.utf8.count == 16 ? text + ":00" : text
        guard let local = Timestamp(rfc3339: full + "Z") else { return try QueryValue.time(fields, name) }
        guard let zone, !zone.isEmpty, zone != "UTC" else { return local }
        guard let rules = try? ZoneFiles.zone(named: zone) else {
            throw Problem(
                422,
                "The parameter zone must be the name of a time zone, such as Europe/London.",
                errors: ["zone": "must be the name of a time zone, such as Europe/London"]
            )
        }
        return rules.moment(showing: local.milliseconds)
    }
}
