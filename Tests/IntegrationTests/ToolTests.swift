import Crypto
import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

/// `observerctl`, run as a program.
@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(3)))
struct ToolTests {
    let database: TestDatabase

    init() throws {
        database = try TestDatabase(migrated: false)
    }

    @Test func `the tool takes an empty database to a first sign-in`() throws {
        #expect(try run("migrate").code == 0)
        let again = try run("migrate")
        #expect((again.code, again.output) == (0, ""))

        let created = try run("create-admin")
        #expect(created.code == 0)
        let users = UserStore(database.connect())
        let admin = try #require(try users.find(name: "admin"))
        #expect(admin.role == .admin)
        let password = try #require(created.output.split(separator: "\n").first.map { Secret(String($0)) })
        #expect(try PasswordHash(text: try #require(admin.passwordHash)).matches(password))

        let repeated = try run("create-admin admin", input: "another password")
        #expect((repeated.code, repeated.output) == (0, ""))
        #expect(try users.find(name: "admin") == admin)

        #expect(try run("password ADMIN", input: "correct horse battery").code == 0)
        let changed = try #require(try users.find(name: "admin")?.passwordHash)
        #expect(try PasswordHash(text: changed).matches(Secret("correct horse battery")))
        #expect(try run("password admin", input: "short").code == 1)
        #expect(try run("password nobody --generate").code == 1)

        let token = try run("token script --role admin")
        let lines = token.output.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].hasPrefix("obs_"))
        let found = try #require(try users.findToken(hash: SHA256.hash(Array(lines[0].utf8))))
        #expect((found.name, found.role) == ("script", .admin))
        #expect(try run("token script").code == 1)
        #expect(try run("token revoke script").code == 0)
        #expect(try users.findToken(hash: SHA256.hash(Array(lines[0].utf8))) == nil)
        #expect(try run("token revoke script").code == 1)

        #expect(try run("schema").output == TestEnvironment.text(of: "sql/schema.sql"))
    }

    @Test(arguments: [
        ("", 64), ("nonsense", 64), ("migrate --nonsense", 64), ("token", 64), ("token a b", 64), ("token revoke", 64),
        ("token a --role god", 64),
        ("token a --role", 64), ("create-admin 'a b'", 64), ("--help", 0), ("token --help", 0), ("key", 0),
    ])
    func `wrong usage is told apart from failure`(arguments: String, code: Int32) throws {
        let result = try run(arguments)
        #expect(result.code == code)
        #expect(code == 0 ? !result.output.isEmpty : result.errors.contains("--help"))
    }

    @Test func `a missing or wrong setting ends with 78 and its name, and no secret is shown`() throws {
        let missing = try run("migrate", environment: "")
        #expect(missing.code == 78 && missing.errors.contains("OBSERVER_DATABASE_URL"))
        let refused = try run("migrate", environment: "OBSERVER_DATABASE_URL=postgresql://u:hunter2@127.0.0.1:1/x")
        #expect(refused.code == 1 && !refused.errors.contains("hunter2"))
        #expect(try run("migrate --migrations /nowhere").code == 1)
    }

    @Test func `check says what is missing, for people and for programs`() throws {
        #expect(try run("migrate").code == 0)
        let text = try run("check")
        #expect(text.code == 1)
        #expect(text.output.contains("ok    database") && text.output.contains("OBSERVER_AMQP_URL"))
        let json = try run("check --json").output
        #expect(json.hasPrefix(#"[{"check":"database","ok":true,"#) && json.contains(#"{"check":"broker","ok":false,"#))
    }

    @Test func `partitions are listed, and a week that has expired is dropped`() throws {
        #expect(try run("migrate").code == 0)
        let connection = database.connect()
        let week = SegmentWeek(of: Sample.now).advanced(by: -1)
        let segment = Segment.sample(at: week.start.advanced(bySeconds: 60))
        try SegmentStore(connection).upsertSpooled([segment])
        #expect(try run("partitions").output.split(separator: "\n").count == 7)
        #expect(try run("partitions --drop segments_default").code == 64)
        let refused = try run("partitions --drop \(week.partition)")
        #expect(refused.code == 1 && refused.errors.contains("expired"))
        try SegmentStore(connection).write([SegmentStore.Outcome(segment, .expired)])
        #expect(try run("partitions --drop \(week.partition)").code == 0)
        #expect(try !run("partitions").output.contains(week.partition))
    }

    @Test func `check tells of weeks without a partition and of segments outside them`() throws {
        #expect(try run("migrate").code == 0)
        let connection = database.connect()
        let week = SegmentWeek(of: Sample.now).advanced(by: 4)
        try connection.execute("drop table \(unsafe: week.partition)")
        let missing = try run("check --only database")
        #expect(missing.code == 1 && missing.output.contains(week.partition))
        let stray = Segment.sample(at: week.start)
        try SegmentStore(connection).upsertSpooled([stray])
        #expect(try run("migrate").errors.contains(week.partition))
        #expect(try run("check --only database").code == 0)
        try SegmentStore(connection).upsertSpooled([.sample(at: week.advanced(by: 1).start)])
        let outside = try run("check --only database")
        #expect(outside.code == 1 && outside.output.contains(week.advanced(by: 1).start.rfc3339))
    }

    @Test func `the queries of pages are timed`() throws {
        #expect(try run("migrate").code == 0)
        #expect(try run("timings").code == 1)
        let camera = try CameraStore(database.connect()).create(Sample.camera()).camera.id
        try SegmentStore(database.connect()).upsertSpooled([.sample(of: camera)])
        let lines = try run("timings --rounds 1").output.split(separator: "\n")
        #expect(lines.count == 10 && lines.allSatisfy { $0.contains(" ms, ") })
        let json = try run("timings --rounds 1 --json --camera \(camera)").output
        #expect(json.contains(#"{"query":"page of 500 segments","rows":1,"median_ms":"#))
    }

    private func run(_ arguments: String, input: String = "", environment: String? = nil) throws -> ToolProgram.Run {
        try ToolProgram.run(
            arguments,
            input: input,
            environment: environment ?? "OBSERVER_DATABASE_URL='\(database.url)'"
        )
    }
}
