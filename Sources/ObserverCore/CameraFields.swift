/// Checks what people send of a camera: one place for the API, the forms and imports.
package enum CameraFields {
    /// Checks the fields of a new camera.
    ///
    /// - Parameters:
    ///   - fields: The submitted fields.
    ///   - policy: The networks in which cameras may be.
    ///   - defaults: The values of fields that are missing.
    /// - Returns: The whole camera: `settings` has a value for every field.
    /// - Throws: The errors, by field; `is required` for a field that must be there.
    package static func create(
        _ fields: [String: FieldValue],
        policy: NetworkPolicy,
        defaults: CameraSettings = CameraSettings()
    ) throws(FieldErrors) -> CameraChanges {
        let missing = CameraField.all.filter { $0.isRequired && fields[$0.name] == nil }.map(\.name)
        let errors = Dictionary(missing.map { ($0, "is required") }) { first, _ in first }
        return try check(fields, policy: policy, defaults: defaults, errors: errors)
    }

    /// Checks the fields of a change (RFC 7396): a missing field stays, `null` clears one that can be empty and resets one
    /// that has a default.
    ///
    /// - Parameters:
    ///   - fields: The submitted fields.
    ///   - policy: The networks in which cameras may be.
    ///   - defaults: The values that `null` resets to.
    /// - Returns: The fields that were submitted.
    /// - Throws: The errors, by field.
    package static func patch(
        _ fields: [String: FieldValue],
        policy: NetworkPolicy,
        defaults: CameraSettings = CameraSettings()
    ) throws(FieldErrors) -> CameraChanges {
        try check(fields, policy: policy, defaults: defaults, errors: [:])
    }

    private static func check(
        _ fields: [String: FieldValue],
        policy: NetworkPolicy,
        defaults: CameraSettings,
        errors: [String: String]
    ) throws(FieldErrors) -> CameraChanges {
        var changes = CameraChanges(defaults)
        var errors = errors
        for (name, value) in fields {
            do throws(BrokenRule) {
                guard let field = CameraField.named(name) else { throw BrokenRule("is not a field of a camera") }
                guard field.isWritable else { throw BrokenRule("cannot be written") }
                field.set(try field.check(value, policy: policy, defaults: defaults), in: &changes)
            } catch {
                errors[name] = error.text
            }
        }
        for field in CameraField.all where field.kind == .url(credentials: .split) && errors[field.name] == nil {
            takeCredentials(of: field, fields: fields, changes: &changes, errors: &errors)
        }
        guard errors.isEmpty else { throw FieldErrors(errors) }
        return changes
    }

    /// Moves user name and password of a URL into fields of their own; giving them twice, and differently, is an error.
    private static func takeCredentials(
        of field: CameraField,
        fields: [String: FieldValue],
        changes: inout CameraChanges,
        errors: inout [String: String]
    ) {
        guard case .string(let text)? = fields[field.name], let url = try? CameraURL.parse(text.trimmed) else { return }
        for (name, part) in [("username", url.username), ("password", url.password)] {
            guard let part, let other = CameraField.named(name) else { continue }
            let noun = name == "username" ? "user name" : "password"
            if let longest = other.longest, part.unicodeScalars.count > longest {
                errors[field.name] = "has a \(noun) of more than \(longest) characters"
            }
            let given = fields[name].flatMap { String($0) }
            let isSame = given.map { (name == "username" ? $0.trimmed : $0) == part } ?? false
            if fields[name] != nil, !isSame {
                errors[name] = "differs from the \(noun) in the URL; give it in one place"
            }
            other.set(.string(part), in: &changes)
        }
    }
}
