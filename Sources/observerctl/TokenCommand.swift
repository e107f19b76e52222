import Crypto
import Encodings
import Lifecycle
import ObserverConfiguration
import ObserverCore
import ObserverStore

extension Command {
    static let token = Command(
        name: "token",
        usage: "NAME [--role ROLE] [--expires WHEN] | list | revoke NAME [--no-wait]",
        summary: "Create an API token and print it, alone on its line; list tokens, or revoke one.",
        details: """
            ROLE is viewer, operator (the default) or admin. WHEN is a number of days, hours or minutes (30d, 12h, 30m) or a
            date (2027-01-31, whose end in UTC is meant); without it the token is good until it is revoked. The token is shown
            this once; the database has its hash only, and a list its first characters. Programs send it as
            `Authorization: Bearer TOKEN`. Names are not used twice. When revoke is done, the token is refused
            everywhere, for good; with --no-wait it does not wait for that, which takes two seconds.
            Reads OBSERVER_DATABASE_URL.
            """,
        options: ["--role", "--expires"],
        flags: ["--no-wait"],
        words: 1...2,
        run: { arguments, configuration in
            switch (arguments.words[0], arguments.words.count) {
            case ("revoke", _): return try revoke(arguments, configuration)
            case _ where arguments.has("--no-wait"): throw UsageError(command: "token", "--no-wait belongs to revoke")
            case ("list", 1): return try listTokens(arguments, configuration)
            case (_, 1): return try makeToken(arguments, configuration)
            default: throw UsageError(command: "token", "'\(arguments.words[1])' is one word too many")
            }
        }
    )

    private static func makeToken(_ arguments: Arguments, _ configuration: ToolConfiguration) throws -> ExitCode {
        let name = arguments.words[0]
        guard (1...64).contains(name.unicodeScalars.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw UsageError(command: "token", "a name has 1 to 64 characters")
        }
        let role = try Account.role(arguments.value("--role") ?? Role.operator.rawValue, of: "token")
        let expiry = try expiry(arguments.value("--expires"))
        let token = "obs_\(try SecureRandom.bytes(32).base64URL)"
        let isNew = try UserStore(try configuration.connect()).createToken(
            name: name,
            role: role,
            prefix: String(token.prefix(10)),
            hash: SHA256.hash(Array(token.utf8)),
            expiresAt: expiry
        )
        guard isNew else {
            throw ToolError(.exists, "there is a token '\(name)' already, or was one", hint: "choose another name")
        }
        Output.result(token)
        return .done
    }

    private static func expiry(_ text: String?) throws(UsageError) -> Timestamp? {
        guard let text else { return nil }
        do throws(Expiry.Unreadable) {
            return try Expiry.read(text, now: .now())
        } catch {
            throw UsageError(command: "token", "--expires \(error.text)")
        }
    }

    private static func listTokens(_ arguments: Arguments, _ configuration: ToolConfiguration) throws -> ExitCode {
        guard arguments.value("--role") == nil, arguments.value("--expires") == nil else {
            throw UsageError(command: "token", "list takes nothing else")
        }
        let now = Timestamp.now()
        let rows = try UserStore(try configuration.connect()).tokens().map { token in
            let state: String
            if let revoked = token.revokedAt {
                state = "revoked at \(revoked.rfc3339)"
            } else if let expiry = token.expiresAt {
                state = "\(expiry <= now ? "expired" : "expires") at \(expiry.rfc3339)"
            } else {
                state = "valid"
            }
            let use = token.lastUsedAt.map { "used at \($0.rfc3339)" } ?? "never used"
            return [
                token.name, token.role.rawValue, "\(token.prefix)…", "made at \(token.createdAt.rfc3339)", use, state,
            ]
        }
        Output.table(rows)
        return .done
    }

    private static func revoke(_ arguments: Arguments, _ configuration: ToolConfiguration) throws -> ExitCode {
        guard arguments.words.count == 2, arguments.value("--role") == nil, arguments.value("--expires") == nil else {
            throw UsageError(command: "token", "revoke needs the name of a token, and nothing else")
        }
        let name = arguments.words[1]
        guard try UserStore(try configuration.connect()).revokeToken(name: name) else {
            throw ToolError(
                .notFound,
                "there is no token '\(name)' that could be revoked",
                hint: "observerctl token list"
            )
        }
        // Web servers believe for a moment what they found: whoever reads that it is done can rely on it.
        if !arguments.has("--no-wait") {
            _ = StopSignal().wait(for: .milliseconds(UserStore.tokenMemoryMilliseconds))
        }
        Output.note("token '\(name)' is revoked")
        return .done
    }
}

/// The end of a token, as people write it.
enum Expiry {
    struct Unreadable: Error {
        let text: String
    }

    private static let longestDays: Int64 = 3660

    /// Reads `30d`, `12h`, `30m`, or a date, whose end in UTC is meant, or a time as in RFC 3339.
    static func read(_ text: String, now: Timestamp) throws(Unreadable) -> Timestamp {
        let end: Timestamp
        let units: [Character: Int64] = ["d": 86_400, "h": 3600, "m": 60]
        if let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), !text.hasPrefix("+") {
            guard number > 0 else { throw Unreadable(text: "lies in the past: '\(text)'") }
            end = now.advanced(bySeconds: number.multipliedReportingOverflow(by: unit).overflow ? .max : number * unit)
        } else if text.utf8.count == 10, let start = Timestamp(rfc3339: "\(text)T00:00:00Z") {
            end = start.advanced(bySeconds: 86_400)
        } else if let moment = Timestamp(rfc3339: text) {
            end = moment
        } else {
            throw Unreadable(
                text: "is a number of days, hours or minutes (30d, 12h, 30m) or a date (2027-01-31), not '\(text)'"
            )
        }
        guard end > now else { throw Unreadable(text: "lies in the past: '\(text)'") }
        guard end <= now.advanced(bySeconds: longestDays * 86_400) else {
            throw Unreadable(
                text: "is at most \(longestDays) days away; leave it out for a token that is good until it is revoked"
            )
        }
        return end
    }
}
