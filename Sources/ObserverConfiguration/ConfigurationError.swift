import Errors

/// One setting that is wrong: its name, what was found, what it must be.
package struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    /// The sentence without its subject, which is the name.
    package let detail: String

    package init(_ setting: Setting, _ detail: String) {
        self.init(name: setting.name, detail: detail)
    }

    init(name: String, detail: String) {
        self.name = name
        self.detail = detail
    }

    package var description: String { "\(name) \(detail)" }
}

/// All wrong settings at once.
package struct ConfigurationError: DescribedError, Hashable {
    package enum Kind: String, Sendable {
        case wrongSettings
    }

    /// EX_CONFIG (sysexits.h).
    package static let exitCode: Int32 = 78

    package let kind = Kind.wrongSettings
    package let problems: [SettingProblem]

    package init(problems: [SettingProblem]) {
        self.problems = problems
    }

    package var detail: String { problems.map(\.description).joined(separator: "; ") }
    package var isTemporary: Bool { false }
    package var hint: String? { "SETTINGS.md describes all settings" }

    /// One line for each problem.
    package var description: String {
        "the settings are wrong:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
