import Errors
import Crypto
import Glibc
import ObserverConfiguration
import ObserverStore
import Postgres
import S3

/// A command of the tool.
struct Command: Sendable {
    let name: String
    /// The words after the name.
    let usage: String
    let summary: String
    /// More for `--help`.
    let details: String
    /// Options that have a value, such as `--role`.
    var options: [String] = []
    /// Options that have none.
    var flags: [String] = []
    /// How many words it takes besides.
    var words: ClosedRange<Int> = 0...0
    let run: @Sendable (Arguments, ToolConfiguration) throws -> ExitCode
}

/// The exit codes of the tool, after sysexits.h.
enum ExitCode: Int32 {
    case done = 0
    case failed = 1
    case usage = 64
    case configuration = 78
}

/// The tool for operators and scripts: results go to standard output, everything else to standard error.
enum Tool {
    static let commands: [Command] = [
        .migrate, .roles, .createAdmin, .user, .password, .token, .bucket, .check, .rebuild, .reconcile, .spool,
        .partitions, .timings, .verify, .schema, .key, .settings,
    ]

    static func run(_ arguments: [String]) -> Int32 {
        let configuration = ToolConfiguration(environment: ProcessEnvironment.current())
        do {
            return try dispatch(Array(arguments.dropFirst()), configuration).rawValue
        } catch let error as UsageError {
            Output.note("observerctl: \(error)\ntry: \(error.hint ?? "")")
            return ExitCode.usage.rawValue
        } catch let error as ConfigurationError {
            Output.note("observerctl: \(error)")
            return ExitCode.configuration.rawValue
        } catch {
            Output.note("observerctl: \(error)")
            if let hint = hint(for: error) { Output.note("  \(hint)") }
            return ExitCode.failed.rawValue
        }
    }

    private static func dispatch(_ words: [String], _ configuration: ToolConfiguration) throws -> ExitCode {
        guard let name = words.first else { throw UsageError("which command?") }
        if ["--help", "-h", "help"].contains(name) {
            Output.result(overview)
            return .done
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            throw UsageError("there is no command '\(name)'")
        }
        let rest = Array(words.dropFirst())
        if rest.contains("--help") || rest.contains("-h") {
            Output.result(help(for: command))
            return .done
        }
        return try command.run(try Arguments(rest, of: command), configuration)
    }

    /// The advice for the operator about an error.
    static func hint(for error: any Error) -> String? {
        (error as? any DescribedError)?.hint
    }

    private static var overview: String {
        let width = commands.map { $0.name.count + $0.usage.count }.max() ?? 0
        let lines = commands.map { command in
            let call = "\(command.name) \(command.usage)"
            return "  \(call)\(String(repeating: " ", count: width + 3 - call.count))\(command.summary)"
        }
        return """
            usage: observerctl COMMAND

            \(lines.joined(separator: "\n"))

            Settings come from the environment (SETTINGS.md). `observerctl COMMAND --help` says more.
            Exit codes: 0 done, 1 it did not work, 64 wrong usage, 78 a setting is missing or wrong.
            """
    }

    private static func help(for command: Command) -> String {
        """
        usage: observerctl \(command.name)\(command.usage.isEmpty ? "" : " \(command.usage)")

        \(command.summary)

        \(command.details)

        Exit codes: 0 done, 1 it did not work, 64 wrong usage, 78 a setting is missing or wrong.
        """
    }
}

extension ToolConfiguration {
    /// A connection to the database; nothing is sent yet.
    func connect() throws -> PostgresConnection {
        PostgresConnection(try database())
    }
}
