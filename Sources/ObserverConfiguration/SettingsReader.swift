import System

/// Reads settings and collects what is wrong with them.
///
/// A getter that notes a problem returns a stand-in, so that the other settings are read too; `check` throws at the end. Any
/// setting can come from a file that `NAME_FILE` names, without its trailing line feeds: containers and systemd hand out
/// secrets that way.
struct SettingsReader {
    private static let fileLimit = 65_536

    private let environment: [String: String]
    private(set) var problems: [SettingProblem] = []

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    // MARK: Problems

    /// Notes that a setting is wrong; `detail` completes a sentence that begins with its name.
    mutating func note(_ setting: Setting, _ detail: String) {
        problems.append(SettingProblem(setting, detail))
    }

    /// Notes that a value does not have the form of its setting.
    ///
    /// - Parameters:
    ///   - found: The value, which is repeated unless it is secret.
    ///   - setting: The setting.
    ///   - reason: What exactly is wrong; must not repeat a secret.
    mutating func reject(_ found: String, for setting: Setting, because reason: String? = nil) {
        let what = setting.isSecret ? "cannot be used" : "is \"\(found)\""
        note(setting, "\(what)\(reason.map { " (\($0))" } ?? ""); it must be \(setting.form.requirement)")
    }

    /// Throws if any setting was wrong.
    func check() throws(ConfigurationError) {
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    // MARK: Values

    /// The value that was given; nil for none or an empty one.
    mutating func given(_ setting: Setting) -> String? {
        let fileSetting = "\(setting.name)_FILE"
        if let path = environment[fileSetting], !path.isEmpty {
            guard environment[setting.name]?.isEmpty ?? true else {
                note(setting, "is set, and \(fileSetting) is set too; only one of them may be")
                return nil
            }
            do {
                let text = try Self.read(path)
                return text.isEmpty ? nil : text
            } catch {
                let detail = "is \"\(path)\" (\(error.detail)); it must be the path of a readable file"
                problems.append(SettingProblem(name: fileSetting, detail: detail))
                return nil
            }
        }
        guard let text = environment[setting.name], !text.isEmpty else { return nil }
        return text
    }

    /// True if a value or a file is named, whether it can be read or not.
    func isGiven(_ setting: Setting) -> Bool {
        !(environment[setting.name] ?? "").isEmpty || file(of: setting) != nil
    }

    /// The file that a setting names in place of its value.
    func file(of setting: Setting) -> String? {
        environment["\(setting.name)_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The value, or its default; notes a required setting without one.
    mutating func value(_ setting: Setting) -> String? {
        let before = problems.count
        if let text = given(setting) { return text }
        guard problems.count == before else { return nil }
        if case .required = setting.fallback { note(setting, "is not set; it must be \(setting.form.requirement)") }
        return setting.fallbackValue
    }

    mutating func text(_ setting: Setting) -> String {
        value(setting) ?? ""
    }

    mutating func path(_ setting: Setting) -> String {
        let text = text(setting)
        if !text.isEmpty, !text.hasPrefix("/") { reject(text, for: setting) }
        return text
    }

    mutating func integer(_ setting: Setting) -> Int {
        guard let text = value(setting), case .integer(let range) = setting.form else { return 0 }
        guard let number = Int(text), range.contains(number) else {
            reject(text, for: setting)
            return range.lowerBound
        }
        return number
    }

    mutating func integers(_ setting: Setting) -> [Int] {
        guard let text = value(setting), case .integers(let count, let range) = setting.form else { return [] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        if numbers.count != count || parts.count != count || !numbers.allSatisfy({ range.contains($0) }) {
            reject(text, for: setting)
        }
        return numbers
    }

    /// The word, or nil if none is given.
    mutating func word<Word: RawRepresentable>(_ setting: Setting, as type: Word.Type) -> Word?
    where Word.RawValue == String {
        guard let text = value(setting) else { return nil }
        guard let word = Word(rawValue: text) else {
            reject(text, for: setting)
            return nil
        }
        return word
    }

    /// Follows links: Kubernetes hands out secrets as links.
    private static func read(_ path: String) throws(SystemError) -> String {
        let bytes = try File.contents(of: path, limit: fileLimit, followsLinks: true)
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
