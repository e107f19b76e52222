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
            let given = try Account.givenPassword(arguments, configuration, of: name)
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
            is made up and printed, alone on its line. At least \(PasswordRule.shortest) characters, and none of those
            that are guessed first. Failed sign-ins of the user are forgotten. Reads OBSERVER_DATABASE_URL.
            """,
        flags: ["--stdin", "--generate"],
        words: 1...1,
        run: { arguments, configuration in
            let name = try Account.name(arguments.words[0], of: "password")
            let users = UserStore(try configuration.connect())
            guard try users.find(name: name) != nil else {
                throw ToolError(.notFound, "there is no user \(name)", hint: "observerctl user list")
            }
            let password: Secret
            if arguments.has("--generate") {
                password = try Account.makePassword()
            } else if PasswordInput.isTerminal, !arguments.has("--stdin") {
                password = try Account.checked(try PasswordInput.ask("New password for \(name): "), of: name)
            } else if let line = try PasswordInput.firstLine(within: .seconds(60)) {
                password = try Account.checked(line, of: name)
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
    static func givenPassword(
        _ arguments: Arguments,
        _ configuration: ToolConfiguration,
        of name: String
    ) throws -> Secret? {
        if let text = try configuration.given(.adminPassword), !text.isEmpty { return try checked(text, of: name) }
        guard arguments.has("--stdin") || !PasswordInput.isTerminal else { return nil }
        // A pipe that nobody writes to must not hold up a set-up for ever.
        return try PasswordInput.firstLine(within: .seconds(arguments.has("--stdin") ? 60 : 2)).map { line in
            try checked(line, of: name)
        }
    }

    /// - Throws: `ToolError`, which says what to change and never the password.
    static func checked(_ text: String, of name: String) throws -> Secret {
        if let problem = PasswordRule.problem(text, of: name) {
            throw ToolError(
                .invalidInput,
                "the password \(problem)",
                hint: "take \(PasswordRule.shortest) characters or more that nobody would guess, such as four words"
            )
        }
        return Secret(text)
    }

    static func role(_ text: String?, of command: String) throws -> Role {
        guard let role = text.flatMap({ Role(rawValue: $0) }) else {
            throw UsageError(command: command, "a role is viewer, operator or admin")
        }
        return role
    }

    /// 120 random bits in characters that can be typed.
    static func makePassword() throws -> Secret {
        Secret(try SecureRandom.bytes(15).base64URL)
    }
}
