import Encodings
import ObserverConfiguration

extension Command {
    static let check = Command(
        name: "check",
        usage: "[--only NAME,…] [--json]",
        summary: "Try everything that Observer needs, and say how to fix what is wrong.",
        details: """
            The database and its migrations, the broker, S3 (puts a small object as recordings are put, and reads it as the
            player does), the clock against S3's, the spool (when OBSERVER_SPOOL is set) and the key (when OBSERVER_KEY is). Exit code 1 when a check fails.
            --only leaves out all but the named: \(Checks.names.joined(separator: ", ")).
            """,
        options: ["--only"],
        flags: ["--json"],
        run: { arguments, configuration in
            let wanted = arguments.value("--only")?.split(separator: ",").map { String($0) } ?? Checks.names
            if let other = wanted.first(where: { !Checks.names.contains($0) }) {
                throw UsageError(command: "check", "there is no check '\(other)'")
            }
            let findings = Checks(configuration: configuration).run(wanted)
            if arguments.has("--json") {
                Output.result("[\(findings.map(\.json).joined(separator: ","))]")
            } else {
                for finding in findings { Output.result(finding.text) }
                if findings.allSatisfy(\.isGood) { Output.result("All checks passed.") }
            }
            return findings.allSatisfy(\.isGood) ? .done : .failed
        }
    )
}

/// The outcome of one check.
struct Finding {
    let name: String
    let isGood: Bool
    let detail: String
    /// Advice, where it is not good.
    var hint: String?

    /// Settings that are missing or wrong, on one line.
    init(name: String, _ error: ConfigurationError) {
        self.init(name: name, isGood: false, detail: error.problems.map(\.description).joined(separator: "; "))
    }

    init(name: String, isGood: Bool, detail: String, hint: String? = nil) {
        self.name = name
        self.isGood = isGood
        self.detail = detail
        self.hint = hint
    }

    var text: String {
        let line =
            "\(isGood ? "ok  " : "FAIL")  \(name)\(String(repeating: " ", count: max(1, 10 - name.count)))\(detail)"
        guard !isGood, let hint else { return line }
        return "\(line)\n      → \(hint)"
    }

    var json: String {
        var json = JSONWriter()
        json.object { json in
            json.field("check", name)
            json.field("ok", isGood)
            json.field("detail", detail)
            json.field("hint", isGood ? nil : hint)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
