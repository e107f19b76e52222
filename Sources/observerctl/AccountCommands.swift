import Encodings
import Crypto
import ObserverConfiguration
import ObserverCore
import ObserverStore

extension Command {
    static let createAdmin = Command(
        name: "create-admin",
        usage: "[NAME] [--stdin]",
        summary: "Create the first administrator (default: admin).",
        details: """
            The password is the first line of standard input, where that is no terminal, or
            OBSERVER_ADMIN_PASSWORD(_FILE); otherwise one is made up and printed, once, alone on its line.
            A user of that name that exists already is left as it is. Reads OBSERVER_DATABASE_URL.
            """,
        flags: ["--stdin"],
        words: 0...1,
        run: { arguments, configuration in
            let name = try Account.name(arguments.words.first ?? "admin", of: "create-admin")
            let users = UserStore(try configuration.connect())
            guard try users.find(name: name) == nil else {
                Output.note("user \(name) exists already, nothing changed")
                return .done
            }
            let given = try Account.givenPassword(arguments, configuration)
            let password = try given ?? Account.makePassword()
            let hash = try PasswordHash.make(password)
            guard try users.create(name: name, role: .admin, passwordHash: hash.text) else {
                Output.note("user \(name) exists already, nothing changed")
                return .done
            }
            Output.note("created administrator \(name)")
            if given == nil { Output.result(password.expose()) }
            return .done
        }
    )

    static let password = Command(
        name: "password",
        usage: "USER [--stdin | --generate]",
        summary: "Set a user's password and sign the user out everywhere.",
        details: """
            The password is asked for on a terminal; otherwise it is the first line of standard input. With --generate one
            is made up and printed, alone on its line. At least \(Account.shortestPassword) characters.
            Reads OBSERVER_DATABASE_URL.
            """,
        flags: ["--stdin", "--generate"],
        words: 1...1,
        run: { arguments, configuration in
            let name = try Account.name(arguments.words[0], of: "password")
            let users = UserStore(try configuration.connect())
            guard try users.find(name: name) != nil else {
                throw ToolError(.notFound, "there is no user \(name)", hint: "observerctl create-admin \(name)")
            }
            let password: Secret
            if arguments.has("--generate") {
                password = try Account.makePassword()
            } else if PasswordInput.isTerminal, !arguments.has("--stdin") {
                password = try Account.checked(try PasswordInput.ask("New password for \(name): "))
            } else if let line = try PasswordInput.firstLine(within: .seconds(60)) {
                password = try Account.checked(line)
            } else {
                throw ToolError(.invalidInput, "standard input has no password", hint: "give it on the first line")
            }
            guard try users.setPassword(name: name, hash: try PasswordHash.make(password).text) else {
                throw ToolError(.notFound, "there is no user \(name)")
            }
            Output.note("password of \(name) set")
            if arguments.has("--generate") { Output.result(password.expose()) }
            return .done
        }
    )

    static let token = Command(
        name: "token",
        usage: "NAME [--role ROLE] | revoke NAME",
        summary: "Create an API token and print it, alone on its line; or revoke one.",
        details: """
            ROLE is viewer, operator (the default) or admin. The token is shown this once; the database has its hash only.
            Programs send it as `Authorization: Bearer TOKEN`. Names are not used twice. A revoked token is refused within
            seconds, for good. Reads OBSERVER_DATABASE_URL.
            """,
        options: ["--role"],
        words: 1...2,
        run: { arguments, configuration in
            if arguments.words[0] == "revoke" { return try revoke(arguments, configuration) }
            guard arguments.words.count == 1 else {
                throw UsageError(command: "token", "'\(arguments.words[1])' is one word too many")
            }
            let name = arguments.words[0]
            guard (1...64).contains(name.unicodeScalars.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw UsageError(command: "token", "a name has 1 to 64 characters")
            }
            guard let role = Role(rawValue: arguments.value("--role") ?? Role.operator.rawValue) else {
                throw UsageError(command: "token", "a role is viewer, operator or admin")
            }
            let token = "obs_\(try SecureRandom.bytes(32).base64URL)"
            let isNew = try UserStore(try configuration.connect()).createToken(
                name: name,
                role: role,
                prefix: String(token.prefix(10)),
                hash: SHA256.hash(Array(token.utf8))
            )
            guard isNew else {
                throw ToolError(.exists, "there is a token '\(name)' already", hint: "choose another name")
            }
            Output.result(token)
            return .done
        }
    )

    private static func revoke(_ arguments: Arguments, _ configuration: ToolConfiguration) throws -> ExitCode {
        guard arguments.words.count == 2, arguments.value("--role") == nil else {
            throw UsageError(command: "token", "revoke needs the name of a token, and nothing else")
        }
        let name = arguments.words[1]
        guard try UserStore(try configuration.connect()).revokeToken(name: name) else {
            throw ToolError(.notFound, "there is no token '\(name)' that could be revoked", hint: "check the name")
        }
        Output.note("token '\(name)' is revoked")
        return .done
    }

    static let key = Command(
        name: "key",
        usage: "",
        summary: "Print a new key for OBSERVER_KEY.",
        details: """
            32 random bytes in base64. Camera passwords are encrypted with it: who loses it has to type them again, and who
            has it and the database can read them. Keep it in a file of mode 0600 (OBSERVER_KEY_FILE).
            """,
        run: { _, _ in
            Output.result(try SecureRandom.bytes(32).base64)
            return .done
        }
    )
}

/// Rules for users that are made by the tool.
enum Account {
    static let shortestPassword = 8
    private static let longestPassword = 256

    static func name(_ text: String, of command: String) throws -> String {
        let name = text.lowercased()
        let isGood = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || ".-_@".utf8.contains(byte)
        }
        guard isGood, (1...64).contains(name.utf8.count) else {
            throw UsageError(command: command, "a user's name has 1 to 64 of a-z, 0-9, '.', '-', '_' and '@'")
        }
        return name
    }

    /// The password that a script gives; nil when it gives none.
    static func givenPassword(_ arguments: Arguments, _ configuration: ToolConfiguration) throws -> Secret? {
        if let text = try configuration.given(.adminPassword), !text.isEmpty { return try checked(text) }
        guard arguments.has("--stdin") || !PasswordInput.isTerminal else { return nil }
        // A pipe that nobody writes to must not hold up a set-up for ever.
        return try PasswordInput.firstLine(within: .seconds(arguments.has("--stdin") ? 60 : 2)).map(checked)
    }

    static func checked(_ text: String) throws -> Secret {
        guard (shortestPassword...longestPassword).contains(text.unicodeScalars.count) else {
            throw ToolError(.invalidInput, "a password has \(shortestPassword) to \(longestPassword) characters")
        }
        return Secret(text)
    }

    /// 120 random bits in characters that can be typed.
    static func makePassword() throws -> Secret {
        Secret(try SecureRandom.bytes(15).base64URL)
    }
}
