/// A value as it came from outside: out of a JSON body or a form.
package enum FieldValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case list([FieldValue])
    case object

    /// What it is called in a message.
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .number: "a number"
        case .string: "text"
        case .list: "a list"
        case .object: "an object"
        }
    }
}

/// What to do with a field that may be empty.
package enum Change<Value: Hashable & Sendable>: Hashable, Sendable {
    case keep
    case clear
    case set(Value)
}

/// A change of a camera whose every field was found good; nil and `keep` leave a field as it is.
package struct CameraChanges: Hashable, Sendable {
    package var name: String?
    package var location: String?
    package var locationDetails: Change<String> = .keep
    /// Without user information.
    package var url: CameraURL?
    package var username: Change<String> = .keep
    package var password: Change<String> = .keep
    package var isActive: Bool?
    package var segmentSeconds: Int?
    package var transport: Transport?
    package var audio: AudioMode?
    package var retentionDays: Int?
    package var tags: [String]?

    package init() {}
}

/// What is wrong, by the name of the field; a sentence each, for the person who filled it in.
package struct FieldErrors: Error, Hashable, Sendable {
    package var errors: [String: String]

    package init(_ errors: [String: String]) {
        self.errors = errors
    }
}

/// The rules for a camera's fields: one place for the API, the forms and imports.
package enum CameraFields {
    /// What a camera gets when nothing is said.
    package static let defaults = (
        segmentSeconds: 10, transport: Transport.tcp, audio: AudioMode.off, retentionDays: 30
    )
    package static let segmentSeconds = 2...300
    package static let retentionDays = 1...3650
    package static let nameLength = 100
    package static let locationLength = 100
    package static let detailsLength = 500
    package static let usernameLength = 128
    package static let passwordLength = 256
    package static let tagCount = 20
    package static let tagLength = 40

    /// Fields that are shown and cannot be written.
    private static let readOnly: Set<String> = ["id", "version", "status", "created_at", "updated_at", "has_password"]

    /// Checks the fields of a new camera: `name`, `location` and `url` must be there.
    ///
    /// - Parameters:
    ///   - fields: What was said.
    ///   - policy: Where cameras may be.
    ///   - segmentSeconds: The length of segments when nothing is said, in seconds.
    /// - Returns: The change.
    /// - Throws: What is wrong, by field.
    package static func create(
        _ fields: [String: FieldValue],
        policy: NetworkPolicy,
        segmentSeconds: Int = defaults.segmentSeconds
    ) throws(FieldErrors) -> CameraChanges {
        var fields = fields
        fields["segment_seconds"] = fields["segment_seconds"] ?? .null
        return try check(fields, required: ["name", "location", "url"], policy, segmentSeconds)
    }

    /// Checks the fields of a change (RFC 7396): a missing field stays, `null` clears one that may be empty and sets one
    /// that has a default back to it.
    ///
    /// - Parameters:
    ///   - fields: What was said.
    ///   - policy: Where cameras may be.
    ///   - segmentSeconds: The length of segments that `null` sets, in seconds.
    /// - Returns: The change.
    /// - Throws: What is wrong, by field.
    package static func patch(
        _ fields: [String: FieldValue],
        policy: NetworkPolicy,
        segmentSeconds: Int = defaults.segmentSeconds
    ) throws(FieldErrors) -> CameraChanges {
        try check(fields, required: [], policy, segmentSeconds)
    }

    private static func check(
        _ fields: [String: FieldValue],
        required: [String],
        _ policy: NetworkPolicy,
        _ segmentSeconds: Int
    ) throws(FieldErrors) -> CameraChanges {
        var changes = CameraChanges()
        var errors: [String: String] = [:]
        for name in required where fields[name] == nil {
            errors[name] = "is required"
        }
        for (name, value) in fields {
            do {
                try apply(value, to: name, of: &changes, policy, segmentSeconds)
            } catch {
                errors[name] = error.text
            }
        }
        takeUserInformation(of: &changes, fields: fields, errors: &errors)
        guard errors.isEmpty else { throw FieldErrors(errors) }
        return changes
    }

    private static func apply(
        _ value: FieldValue,
        to name: String,
        of changes: inout CameraChanges,
        _ policy: NetworkPolicy,
        _ defaultSeconds: Int
    ) throws(Problem) {
        switch name {
        case "name": changes.name = try text(value, longest: nameLength)
        case "location": changes.location = try text(value, longest: locationLength)
        case "location_details": changes.locationDetails = try optionalText(value, longest: detailsLength)
        case "url": changes.url = try url(value, policy: policy)
        case "username": changes.username = try optionalText(value, longest: usernameLength)
        case "password": changes.password = try optionalText(value, longest: passwordLength, trimmed: false)
        case "is_active": changes.isActive = try bool(value)
        case "segment_seconds":
            changes.segmentSeconds = try integer(value, in: segmentSeconds, default: defaultSeconds)
        case "transport": changes.transport = try word(value, default: defaults.transport)
        case "audio": changes.audio = try word(value, default: defaults.audio)
        case "retention_days":
            changes.retentionDays = try integer(value, in: retentionDays, default: defaults.retentionDays)
        case "tags": changes.tags = try tags(value)
        case _ where readOnly.contains(name): throw Problem("cannot be written")
        default: throw Problem("is not a field of a camera")
        }
    }

    /// User name and password in the URL become fields; saying them twice is a mistake worth telling.
    private static func takeUserInformation(
        of changes: inout CameraChanges,
        fields: [String: FieldValue],
        errors: inout [String: String]
    ) {
        guard let url = changes.url else { return }
        if let username = url.username {
            if fields["username"] != nil, changes.username != .set(username) {
                errors["username"] = "differs from the user name in the URL; give it in one place"
            }
            changes.username = .set(username)
        }
        if let password = url.password {
            if fields["password"] != nil, changes.password != .set(password) {
                errors["password"] = "differs from the password in the URL; give it in one place"
            }
            changes.password = .set(password)
        }
        if let username = url.username, username.count > usernameLength {
            errors["url"] = "has a user name of more than \(usernameLength) characters"
        }
        if let password = url.password, password.count > passwordLength {
            errors["url"] = "has a password of more than \(passwordLength) characters"
        }
    }
}

/// One rule that a value broke.
private struct Problem: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

extension CameraFields {
    private static func text(_ value: FieldValue, longest: Int, trimmed: Bool = true) throws(Problem) -> String {
        guard case .string(let text) = value else { throw Problem("must be text, not \(value.kind)") }
        guard text.unicodeScalars.allSatisfy({ !isControl($0) }) else {
            throw Problem("has a control character in it")
        }
        let result = trimmed ? trim(text) : text
        guard !result.isEmpty else { throw Problem("is empty") }
        guard result.unicodeScalars.count <= longest else { throw Problem("is longer than \(longest) characters") }
        return result
    }

    private static func optionalText(
        _ value: FieldValue,
        longest: Int,
        trimmed: Bool = true
    ) throws(Problem) -> Change<String> {
        if value == .null { return .clear }
        if case .string(let text) = value, (trimmed ? trim(text) : text).isEmpty { return .clear }
        return .set(try text(value, longest: longest, trimmed: trimmed))
    }

    private static func url(_ value: FieldValue, policy: NetworkPolicy) throws(Problem) -> CameraURL {
        guard case .string(let text) = value else { throw Problem("must be text, not \(value.kind)") }
        do {
            let url = try CameraURL.parse(trim(text))
            try url.check(policy)
            return url
        } catch {
            throw Problem(error.description)
        }
    }

    private static func bool(_ value: FieldValue) throws(Problem) -> Bool {
        guard case .bool(let truth) = value else { throw Problem("must be true or false, not \(value.kind)") }
        return truth
    }

    private static func integer(
        _ value: FieldValue,
        in range: ClosedRange<Int>,
        default fallback: Int
    ) throws(Problem) -> Int {
        let limits = "from \(range.lowerBound) to \(range.upperBound)"
        switch value {
        case .null: return fallback
        case .integer(let number):
            guard let result = Int(exactly: number), range.contains(result) else {
                throw Problem("must be \(limits), not \(number)")
            }
            return result
        case .number: throw Problem("must be a whole number \(limits)")
        default: throw Problem("must be a whole number \(limits), not \(value.kind)")
        }
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ value: FieldValue,
        default fallback: Word
    ) throws(Problem) -> Word where Word.RawValue == String {
        if value == .null { return fallback }
        guard case .string(let text) = value, let result = Word(rawValue: text) else {
            throw Problem("must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return result
    }

    private static func tags(_ value: FieldValue) throws(Problem) -> [String] {
        if value == .null { return [] }
        guard case .list(let items) = value else { throw Problem("must be a list of words, not \(value.kind)") }
        guard items.count <= tagCount else { throw Problem("has more than \(tagCount) tags") }
        var result: [String] = []
        for item in items {
            let tag: String
            do {
                tag = try text(item, longest: tagLength)
            } catch {
                throw Problem("has a tag that \(error.text)")
            }
            guard !tag.contains(",") else { throw Problem("has a tag with a comma in it") }
            if !result.contains(tag) { result.append(tag) }
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    private static func trim(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
