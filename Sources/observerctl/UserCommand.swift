import Crypto
import ObserverConfiguration
import ObserverCore
import ObserverStore

extension Command {
    private static let userUsage = "add NAME --role ROLE [--stdin] | list | role NAME ROLE | disable NAME | enable NAME"

    static let user = Command(
        name: "user",
        usage: userUsage,
        summary: "Add people, list them, change what they may do, and shut them out.",
        details: """
            ROLE is viewer (sees), operator (sees and changes cameras) or admin (all). `add` takes the password from the first
            line of standard input with --stdin; otherwise one is made up and printed, alone on the last line. `disable` ends
            the user's sessions; nothing of the user is deleted, and `enable` lets the user in again with the same password.
            A role counts from the next request on. The last active administrator is neither disabled nor made
            anything else. Tokens belong to no user: see `token list`. Reads OBSERVER_DATABASE_URL.
            """,
        options: ["--role"],
        flags: ["--stdin"],
        words: 1...3,
        run: { arguments, configuration in
            let words = arguments.words
            if words[0] != "add", arguments.value("--role") != nil || arguments.has("--stdin") {
                throw UsageError(command: "user", "--role and --stdin belong to add")
            }
            switch (words[0], words.count) {
            case ("add", 2): return try addUser(named: words[1], arguments, configuration)
            case ("list", 1): return try listUsers(configuration)
            case ("role", 3):
                let role = try Account.role(words[2], of: "user")
                let name = try Account.name(words[1], of: "user")
                let outcome = try UserStore(try configuration.connect()).setRole(name: name, role)
                return try tell(outcome, name, done: "is \(role.rawValue) now", same: "is \(role.rawValue) already")
            case ("disable", 2), ("enable", 2):
                let isDisabled = words[0] == "disable"
                let name = try Account.name(words[1], of: "user")
                let outcome = try UserStore(try configuration.connect()).setDisabled(name: name, isDisabled)
                return isDisabled
                    ? try tell(outcome, name, done: "is disabled and signed out", same: "is disabled already")
                    : try tell(outcome, name, done: "may sign in again", same: "may sign in already")
            default:
                throw UsageError(command: "user", "user needs \(userUsage)")
            }
        }
    )

    private static func addUser(
        named text: String,
        _ arguments: Arguments,
        _ configuration: ToolConfiguration
    ) throws -> ExitCode {
        let name = try Account.name(text, of: "user")
        let role = try Account.role(arguments.value("--role"), of: "user")
        let users = UserStore(try configuration.connect())
        guard try users.find(name: name) == nil else { throw exists(name) }
        var given: Secret?
        if arguments.has("--stdin") {
            guard let line = try PasswordInput.firstLine(within: .seconds(60)) else {
                throw ToolError(.invalidInput, "standard input has no password", hint: "give it on the first line")
            }
            given = try Account.checked(line, of: name)
        }
        let password = try given ?? Account.makePassword()
        guard try users.create(name: name, role: role, passwordHash: try PasswordHash.make(password).text) else {
            throw exists(name)
        }
        Output.note("added \(role.rawValue) \(name)")
        if given == nil { Output.result(password.expose()) }
        return .done
    }

    private static func exists(_ name: String) -> ToolError {
        ToolError(.exists, "there is a user \(name) already", hint: "observerctl user list")
    }

    private static func listUsers(_ configuration: ToolConfiguration) throws -> ExitCode {
        let rows = try UserStore(try configuration.connect()).users().map { user in
            let state = user.disabledAt.map { "disabled at \($0.rfc3339)" } ?? "active"
            return [
                user.name, user.role.rawValue, state, "\(user.sessions) signed in", "made at \(user.createdAt.rfc3339)",
            ]
        }
        Output.table(rows)
        return .done
    }

    private static func tell(
        _ outcome: UserStore.UserChange,
        _ name: String,
        done: String,
        same: String
    ) throws -> ExitCode {
        switch outcome {
        case .done: Output.note("\(name) \(done)")
        case .unchanged: Output.note("\(name) \(same)")
        case .notFound: throw ToolError(.notFound, "there is no user \(name)", hint: "observerctl user list")
        case .lastAdministrator:
            throw ToolError(
                .invalidInput,
                "\(name) is the last active administrator",
                hint: "make another one first: observerctl user add NAME --role admin"
            )
        }
        return .done
    }
}
