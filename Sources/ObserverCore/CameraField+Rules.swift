import Encodings

/// One rule that a value broke, as a phrase that continues the name of the field.
struct BrokenRule: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

extension CameraField {
    /// The longest text, in Unicode scalars, as PostgreSQL's `length` counts; nil for other kinds.
    package var longest: Int? {
        switch kind {
        case .text(let longest), .code(let longest), .password(let longest): longest
        case .url: CameraURL.longest
        case .certificates: Self.longestCertificates
        case .truth, .integer, .choice, .tags, .number, .time, .status: nil
        }
    }

    /// Checks a value that came from outside.
    ///
    /// - Returns: The value as it is stored.
    func check(
        _ value: FieldValue,
        policy: NetworkPolicy,
        defaults: CameraSettings
    ) throws(BrokenRule) -> FieldValue {
        switch null {
        case .clears:
            if value == .null { return .null }
            if case .string(let text) = value, (isTrimmed ? text.trimmed : text).isEmpty { return .null }
        case .resets:
            if value == .null { return self.value(in: defaults) }
        case .refused:
            break
        }
        switch kind {
        case .text(let longest), .code(let longest), .password(let longest):
            return .string(try Self.text(value, longest: longest, isTrimmed: isTrimmed))
        case .url(let credentials):
            return .string(try Self.url(value, credentials: credentials, policy: policy))
        case .truth:
            guard case .bool = value else { throw BrokenRule("must be true or false, not \(value.kind)") }
            return value
        case .integer(let range, _):
            return .integer(try Self.integer(value, in: range))
        case .choice(let choices):
            guard case .string(let word) = value, choices.contains(where: { $0.word == word }) else {
                throw BrokenRule("must be one of \(choices.map(\.word).joined(separator: ", "))")
            }
            return value
        case .certificates:
            return .string(try Self.certificates(value))
        case .tags(let most, let longest):
            return .list(try Self.tags(value, most: most, longest: longest).map(FieldValue.string))
        case .number, .time, .status:
            throw BrokenRule("cannot be written")
        }
    }

    private var isTrimmed: Bool {
        if case .password = kind { false } else { true }
    }

    private static func text(_ value: FieldValue, longest: Int, isTrimmed: Bool = true) throws(BrokenRule) -> String {
        guard case .string(let text) = value else { throw BrokenRule("must be text, not \(value.kind)") }
        guard !text.unicodeScalars.contains(where: \.isControl) else {
            throw BrokenRule("has a control character in it")
        }
        let result = isTrimmed ? text.trimmed : text
        guard !result.isEmpty else { throw BrokenRule("is empty") }
        guard text.unicodeScalars.count <= longest else { throw BrokenRule("is longer than \(longest) characters") }
        return result
    }

    /// The URL without user information.
    private static func url(
        _ value: FieldValue,
        credentials: Credentials,
        policy: NetworkPolicy
    ) throws(BrokenRule) -> String {
        guard case .string(let text) = value else { throw BrokenRule("must be text, not \(value.kind)") }
        let url: CameraURL
        do throws(CameraURLError) {
            url = try CameraURL.parse(typed: text.trimmed)
            try url.check(policy)
            let shown = ShownAddress(url.text)
            if shown.lacksSecrets { throw CameraURLError(.masked) }
            // What is shown is stored as well.
            guard shown.text.utf8.count <= CameraURL.longest else { throw CameraURLError(.tooLong) }
        } catch {
            throw BrokenRule(error.detail)
        }
        guard credentials == .split || url.username == nil && url.password == nil else {
            throw BrokenRule("has a user name or a password in it; those of the main address are used for both")
        }
        return url.text
    }

    /// The word for every certificate.
    package static let anyCertificate = "any"
    /// The words, and the form of one certificate's SHA-256, as a regular expression of ECMA-262 and of PostgreSQL.
    package static let certificatesPattern = "^(any|system|pinned|pinned:[0-9a-f]{64})$"
    /// With the colons that openssl(1) prints.
    private static let longestCertificates = 120

    /// The words as they are, or `pinned:` and 64 digits in lower case; colons between digits are taken out.
    private static func certificates(_ value: FieldValue) throws(BrokenRule) -> String {
        let text = try text(value, longest: longestCertificates).lowercased()
        if ["any", "system", "pinned"].contains(text) { return text }
        let digits = text.dropFirst("pinned:".count).filter { $0 != ":" }
        guard text.hasPrefix("pinned:"), digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else {
            throw BrokenRule("must be any, system, pinned, or pinned: and the 64 digits of a SHA-256")
        }
        return "pinned:\(digits)"
    }

    private static func integer(_ value: FieldValue, in range: ClosedRange<Int>) throws(BrokenRule) -> Int64 {
        let limits = "from \(range.lowerBound) to \(range.upperBound)"
        switch value {
        case .integer(let number):
            guard let result = Int(exactly: number), range.contains(result) else {
                throw BrokenRule("must be \(limits), not \(number)")
            }
            return number
        case .number: throw BrokenRule("must be a whole number \(limits)")
        default: throw BrokenRule("must be a whole number \(limits), not \(value.kind)")
        }
    }

    private static func tags(_ value: FieldValue, most: Int, longest: Int) throws(BrokenRule) -> [String] {
        guard case .list(let items) = value else { throw BrokenRule("must be a list of words, not \(value.kind)") }
        guard items.count <= most else { throw BrokenRule("has more than \(most) tags") }
        var tags: [String] = []
        for item in items {
            let tag: String
            do {
                tag = try text(item, longest: longest)
            } catch {
                throw BrokenRule("has a tag that \(error.text)")
            }
            guard !tag.contains(",") else { throw BrokenRule("has a tag with a comma in it") }
            if !tags.contains(tag) { tags.append(tag) }
        }
        return tags
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }
}

extension String {
    /// The text without white space at both ends.
    package var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
