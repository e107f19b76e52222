import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import System
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct UserStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let store: UserStore
    let hash = [UInt8](repeating: 7, count: 32)

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = UserStore(connection)
    }

    private func administrator() throws -> UserStore.User {
        _ = try store.create(name: "Admin", role: .admin, passwordHash: "scrypt:1")
        return try #require(try store.find(name: "admin"))
    }

    @Test func `a user is created once and found in any case`() throws {
        let user = try administrator()
        #expect((user.name, user.role, user.passwordHash, user.isDisabled) == ("admin", .admin, "scrypt:1", false))
        #expect(try !store.create(name: "ADMIN", role: .viewer, passwordHash: nil))
        #expect(try store.find(name: "ADMIN") == user)
        #expect(try store.find(name: "nobody") == nil)
    }

    @Test func `a new password ends all sessions`() throws {
        let user = try administrator()
        try store.createSession(hash: hash, user: user.id, csrf: "0123456789abcdef", address: "::1", agent: "x")
        #expect(try store.setPassword(name: "admin", hash: "scrypt:2"))
        #expect(try store.findSession(hash: hash) == nil)
        #expect(try !store.setPassword(name: "nobody", hash: "scrypt:2"))
        try store.rehash(user: user.id, from: "scrypt:1", to: "scrypt:3")
        #expect(try store.find(name: "admin")?.passwordHash == "scrypt:2")
        try store.rehash(user: user.id, from: "scrypt:2", to: "scrypt:3")
        #expect(try store.find(name: "admin")?.passwordHash == "scrypt:3")
    }

    @Test func `a session lives until it is deleted, unused or its user disabled`() throws {
        let user = try administrator()
        let agent = String(repeating: "a", count: 1000)
        try store.createSession(hash: hash, user: user.id, csrf: "0123456789abcdef", address: "::1", agent: agent)
        let session = try #require(try store.findSession(hash: hash))
        #expect((session.userName, session.role, session.csrf) == ("admin", .admin, "0123456789abcdef"))
        #expect(try store.findSession(hash: [UInt8](repeating: 8, count: 32)) == nil)

        try connection.execute("update sessions set seen_at = now() - interval '20 minutes'")
        #expect(try store.findSession(hash: hash) != nil)
        let touched: SQL = "select count(*) from sessions where seen_at > now() - interval '1 minute'"
        #expect(try connection.rows(touched, as: (Int).self) == [1])

        try connection.execute("update users set disabled_at = now()")
        #expect(try store.findSession(hash: hash) == nil)
        try connection.execute("update users set disabled_at = null")
        try connection.execute("update sessions set seen_at = now() - interval '31 minutes'")
        #expect(try store.findSession(hash: hash) == nil)
        try store.prune()
        #expect(try connection.rows("select count(*) from sessions", as: (Int).self) == [0])
        try store.deleteSession(hash: hash)
    }

    @Test func `a token works until it is revoked or over`() throws {
        #expect(try store.createToken(name: "script", role: .operator, prefix: "obs_ab", hash: hash))
        #expect(
            try !store.createToken(
                name: "script",
                role: .admin,
                prefix: "obs_cd",
                hash: [UInt8](repeating: 1, count: 32)
            )
        )
        let token = try #require(try store.findToken(hash: hash))
        #expect((token.name, token.role) == ("script", .operator))
        let used: SQL = "select last_used_at from api_tokens"
        let first = try connection.rows(used, as: (SQLTimestamp?).self)
        #expect(first.first != .some(nil))
        _ = try store.findToken(hash: hash)
        #expect(try connection.rows(used, as: (SQLTimestamp?).self) == first)
        try connection.execute("update api_tokens set expires_at = now() - interval '1 second'")
        #expect(try store.findToken(hash: hash) == nil)
        try connection.execute("update api_tokens set expires_at = null")
        #expect(try store.revokeToken(name: "script"))
        #expect(try !store.revokeToken(name: "script"))
        #expect(try store.findToken(hash: hash) == nil)
    }

    @Test func `places that somebody signed in from are known for that user alone, the newest of each kind`() throws {
        let user = try administrator()
        #expect(try store.candidate(name: "nobody", places: ["network:x"]).user == nil)
        try store.notePlaces(["network:192.0.2.7", "browser:aa"], user: user.id)
        let places = ["network:192.0.2.7", "browser:aa", "browser:bb"]
        #expect(try store.candidate(name: "ADMIN", places: places).known == ["network:192.0.2.7", "browser:aa"])
        _ = try store.create(name: "bob", role: .viewer, passwordHash: nil)
        #expect(try store.candidate(name: "bob", places: places).known.isEmpty)
        for number in 0..<40 { try store.notePlaces(["network:\(number)"], user: user.id) }
        let count: SQL = "select count(*) from sign_in_places"
        #expect(try connection.rows(count, as: (Int).self) == [33])
        try connection.execute("update sign_in_places set seen_at = now() - interval '181 days'")
        try store.prune()
        #expect(try connection.rows(count, as: (Int).self) == [0])
    }

    @Test func `a new password raises the clearance, for all to see`() throws {
        _ = try administrator()
        let before = try store.candidate(name: "admin", places: [])
        #expect(before.clearance == 0 && before.newestClearance == 0)
        #expect(try store.setPassword(name: "admin", hash: "scrypt:2"))
        let after = try store.candidate(name: "admin", places: [])
        #expect(after.clearance > 0 && after.newestClearance == after.clearance)
        #expect(try store.candidate(name: "nobody", places: []).newestClearance == after.clearance)
    }

    @Test func `whoever is disabled is signed out and unknown, and the last administrator stays one`() throws {
        let user = try administrator()
        #expect(try store.setDisabled(name: "admin", true) == .lastAdministrator)
        #expect(try store.setRole(name: "admin", .viewer) == .lastAdministrator)
        #expect(try store.setDisabled(name: "nobody", true) == .notFound)
        _ = try store.create(name: "second", role: .admin, passwordHash: nil)
        #expect(try store.setDisabled(name: "admin", true) == .lastAdministrator, "the other cannot sign in")
        _ = try store.create(name: "third", role: .admin, passwordHash: "scrypt:3")
        try store.createSession(hash: hash, user: user.id, csrf: "0123456789abcdef", address: "::1", agent: "x")
        try store.notePlaces(["network:x"], user: user.id)
        #expect(try store.setDisabled(name: "Admin", true) == .done)
        #expect(try store.setDisabled(name: "admin", true) == .unchanged)
        #expect(try store.findSession(hash: hash) == nil)
        #expect(try connection.rows("select count(*) from sessions", as: (Int).self) == [0])
        #expect(try store.candidate(name: "admin", places: ["network:x"]).known.isEmpty)
        #expect(try store.setRole(name: "third", .operator) == .lastAdministrator)
        #expect(try store.setDisabled(name: "admin", false) == .done)
        #expect(try store.setRole(name: "third", .operator) == .done)
        #expect(try store.users().map(\.name) == ["admin", "second", "third"])
        #expect(try store.users().map(\.role) == [.admin, .admin, .operator])
    }

    @Test func `two administrators who shut each other out at once do not both succeed`() throws {
        for name in ["admin", "other"] { _ = try store.create(name: name, role: .admin, passwordHash: "scrypt:1") }
        let outcomes = Collected<UserStore.UserChange>()
        let threads = ["admin", "other"].map { name in
            let database = database
            return DedicatedThread.start(name: "test-\(name)") {
                do {
                    outcomes.add(try UserStore(database.connect()).setDisabled(name: name, true))
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(Set(outcomes.all) == [.done, .lastAdministrator])
    }

    @Test func `a token tells how long it is good for, and a list never the token`() throws {
        let end = Timestamp.now().advanced(bySeconds: 60)
        #expect(try store.createToken(name: "a", role: .viewer, prefix: "obs_ab", hash: hash, expiresAt: end))
        let left = try #require(try store.findToken(hash: hash)?.remainingMilliseconds)
        #expect((50_000...60_000).contains(left))
        let listed = try #require(try store.tokens().first)
        #expect((listed.name, listed.role, listed.prefix, listed.expiresAt) == ("a", .viewer, "obs_ab", end))
        try connection.execute("update api_tokens set expires_at = null")
        #expect(try store.findToken(hash: hash)?.remainingMilliseconds == nil)
    }
}
