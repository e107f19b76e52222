import Crypto
import Glibc

/// One setting that is wrong: its name, what was found, what to do.
package struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package let text: String

    package var description: String { "\(name) \(text)" }
}

/// Everything that is wrong with the settings, at once.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// EX_CONFIG (sysexits.h).
    package static let exitCode: Int32 = 78

    package let problems: [SettingProblem]

    package var description: String {
        "the settings are wrong:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}

/// Reads settings and gathers what is wrong with them; each getter returns a stand-in when it notes a problem, so that the
/// rest is read too.
///
/// Any setting can come from a file: `NAME_FILE` names it, and its trailing line feed is dropped. That is how secrets are
/// given to containers.
struct Settings {
    private let environment: [String: String]
    private(set) var problems: [SettingProblem] = []

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    mutating func note(_ name: String, _ text: String) {
        problems.append(SettingProblem(name: name, text: text))
    }

    /// The value, an empty one counting as none; notes a file that cannot be read.
    mutating func value(_ name: String) -> String? {
        if let path = environment["\(name)_FILE"], !path.isEmpty {
            guard environment[name]?.isEmpty ?? true else {
                note(name, "is set, and so is \(name)_FILE; set one of them")
                return nil
            }
            guard let text = Self.read(path) else {
                note("\(name)_FILE", "names \(path), which cannot be read: \(String(cString: strerror(errno)))")
                return nil
            }
            return text.isEmpty ? nil : text
        }
        guard let text = environment[name], !text.isEmpty else { return nil }
        return text
    }

    mutating func text(_ name: String, default fallback: String) -> String {
        value(name) ?? fallback
    }

    mutating func required(_ name: String, _ hint: String) -> String {
        let before = problems.count
        if let text = value(name) { return text }
        if problems.count == before { note(name, "is not set; \(hint)") }
        return ""
    }

    mutating func secret(_ name: String, _ hint: String) -> Secret {
        Secret(required(name, hint))
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        guard let text = value(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            note(name, "is \"\(text)\"; it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return fallback
        }
        return number
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(_ name: String, default fallback: Word) -> Word
    where Word.RawValue == String {
        guard let text = value(name) else { return fallback }
        guard let word = Word(rawValue: text) else {
            note(name, "is \"\(text)\"; it must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
            return fallback
        }
        return word
    }

    /// An absolute path: services do not depend on where they were started.
    mutating func path(_ name: String, _ hint: String) -> String {
        let text = required(name, hint)
        if !text.isEmpty, !text.hasPrefix("/") { note(name, "is \"\(text)\"; it must begin with /") }
        return text
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        var text = String(decoding: bytes[..<count], as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// Ends the reading.
    func check() throws(ConfigurationError) {
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }
}

/// The settings of the process.
package enum ProcessEnvironment {
    /// A copy of the environment.
    package static func current() -> [String: String] {
        var result: [String: String] = [:]
        var pointer = environ
        while let entry = pointer.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            pointer += 1
        }
        return result
    }
}
