import Crypto
import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

/// `observerctl user` and `observerctl token`, run as a program.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(3)))
struct PeopleToolTests {
    let database: TestDatabase
    let users: UserStore

    init() throws {
        database = try TestDatabase()
        users = UserStore(database.connect())
    }

    private func run(_ arguments: String, input: String = "") throws -> ToolProgram.Run {
        try ToolProgram.run(arguments, input: input, environment: "OBSERVER_DATABASE_URL='\(database.url)'")
    }

    @Test func `a person is added, gets another role, is shut out and let in again`() throws {
        let added = try run("user add Ada --role operator")
        #expect(added.code == 0)
        let password = Secret(String(try #require(added.output.split(separator: "\n").last)))
        let ada = try #require(try users.find(name: "ada"))
        #expect(ada.role == .operator)
        #expect(try PasswordHash(text: try #require(ada.passwordHash)).matches(password))
        #expect(try run("user add ada --role viewer").code == 1)

        #expect(try run("user role ada viewer").code == 0)
        #expect(try users.find(name: "ada")?.role == .viewer)
        #expect(try run("user disable ADA").code == 0)
        #expect(try users.find(name: "ada")?.isDisabled == true)
        #expect(try run("user list").output.contains("disabled at"))
        #expect(try run("user enable ada").code == 0)
        #expect(try users.find(name: "ada")?.isDisabled == false)
        #expect(try run("user disable nobody").code == 1)
    }

    @Test func `the last administrator stays one`() throws {
        #expect(try run("user add root --role admin --stdin", input: "brown kettle 7").code == 0)
        for arguments in ["user disable root", "user role root viewer"] {
            let refused = try run(arguments)
            #expect(refused.code == 1 && refused.errors.contains("last active administrator"), "\(arguments)")
        }
        #expect(try run("user add second --role admin").code == 0)
        #expect(try run("user disable root").code == 0)
    }

    @Test(arguments: ["user add eve --role viewer --stdin", "create-admin eve --stdin", "password ada --stdin"])
    func `a password that is guessed first is refused, and not repeated`(arguments: String) throws {
        #expect(try run("user add ada --role viewer").code == 0)
        for password in ["short", "Password123!", "aaaaaaaaaaaa", "eve.eve.eve.eve", "1234567890"] {
            let refused = try run(arguments, input: password)
            #expect(refused.code == 1 && !refused.errors.contains(password), "\(password)")
        }
        let given = "OBSERVER_DATABASE_URL='\(database.url)' OBSERVER_ADMIN_PASSWORD=welcome2026"
        #expect(try ToolProgram.run("create-admin eve", input: "", environment: given).code != 0)
        #expect(try users.find(name: "eve") == nil)
    }

    @Test func `a token ends by itself or by hand, and a list never shows it`() throws {
        let made = try run("token ci --role viewer --expires 30d")
        #expect(made.code == 0)
        let token = String(try #require(made.output.split(separator: "\n").last))
        let found = try #require(try users.tokens().first { $0.name == "ci" })
        let days = (try #require(found.expiresAt).milliseconds - found.createdAt.milliseconds) / 86_400_000
        #expect((29...30).contains(days))
        let list = try run("token list").output
        #expect(list.contains("ci") && list.contains("viewer") && list.contains("expires at") && !list.contains(token))
        #expect(try run("token revoke ci").code == 0)
        #expect(try users.findToken(hash: SHA256.hash(Array(token.utf8))) == nil)
        #expect(try run("token list").output.contains("revoked at"))
        #expect(try run("token ci").code == 1, "names are not used twice")
    }

    @Test(arguments: [
        "token a --expires 0d", "token a --expires -1d", "token a --expires 2020-01-01", "token a --expires soon",
        "token a --expires 2027-02-30", "token a --expires 999999999999999999d", "token a --expires 9999d",
        "token list --role viewer", "token list x", "token a --no-wait", "user", "user add", "user add a",
        "user add a --role god", "user role a", "user role a god", "user list a", "user disable", "user disable a b",
        "user disable a --role admin", "user add 'a b' --role viewer",
    ])
    func `wrong usage is told, and does nothing`(arguments: String) throws {
        let result = try run(arguments)
        #expect(result.code == 64 && result.output.isEmpty)
        #expect(try users.users().isEmpty && users.tokens().isEmpty)
    }
}
