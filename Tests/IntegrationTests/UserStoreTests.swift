import ObserverCore
import ObserverStore
import Postgres
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

    @Test func `failed sign-ins are counted for the worst key`() throws {
        #expect(try store.failedLogins(for: ["user:a", "address:x"], withinSeconds: 900) == 0)
        try store.noteFailedLogin(for: ["user:a", "address:x"])
        try store.noteFailedLogin(for: ["user:b", "address:x"])
        #expect(try store.failedLogins(for: ["user:a", "address:x"], withinSeconds: 900) == 2)
        #expect(try store.failedLogins(for: ["user:a"], withinSeconds: 900) == 1)
        try store.clearFailedLogins(for: "address:x")
        #expect(try store.failedLogins(for: ["user:a", "address:x"], withinSeconds: 900) == 1)
        try connection.execute("update login_attempts set at = now() - interval '901 seconds'")
        #expect(try store.failedLogins(for: ["user:a"], withinSeconds: 900) == 0)
    }
}
