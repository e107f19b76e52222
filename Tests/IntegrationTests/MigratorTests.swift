import Glibc
import Lifecycle
import ObserverStore
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct MigratorTests {
    let database: TestDatabase
    let migrations: [Migration]

    init() throws {
        database = try TestDatabase(migrated: false)
        migrations = try Migration.load(from: TestDatabase.migrationsDirectory)
    }

    @Test func `an empty database gets every migration once`() throws {
        let migrator = Migrator(database.connect())
        #expect(try !migrator.isUpToDate(migrations))
        #expect(try migrator.migrate(migrations) == migrations)
        #expect(try migrator.migrate(migrations).isEmpty)
        #expect(try migrator.isUpToDate(migrations))
    }

    @Test func `several processes may migrate at once`() throws {
        let applied = Mutex(0)
        let threads = (0..<4).map { _ in
            DedicatedThread.start(name: "migrate") { [database, migrations] in
                let count = (try? Migrator(database.connect()).migrate(migrations).count) ?? 1000
                applied.withLock { $0 += count }
            }
        }
        threads.forEach { $0.join() }
        #expect(applied.withLock { $0 } == migrations.count)
    }

    @Test func `a migration that was changed after it was applied is refused`() throws {
        let migrator = Migrator(database.connect())
        let first = Migration(version: 1, name: "first", text: "create table a (id int)")
        try migrator.migrate([first])
        let changed = Migration(version: 1, name: "first", text: "create table a (id bigint)")
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([changed]) }
        #expect(error?.kind == .changed && error?.version == 1)
    }

    @Test func `a database that is newer than the program is refused`() throws {
        let migrator = Migrator(database.connect())
        let first = Migration(version: 1, name: "first", text: "create table a (id int)")
        let second = Migration(version: 2, name: "second", text: "create table b (id int)")
        try migrator.migrate([first, second])
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([first]) }
        #expect(error?.kind == .newer && error?.version == 2)
    }

    @Test func `a migration that fails leaves nothing behind`() throws {
        let connection = database.connect()
        let migrator = Migrator(connection)
        let good = Migration(version: 1, name: "good", text: "create table a (id int); create table b (id int);")
        let bad = Migration(version: 2, name: "bad", text: "create table c (id int); select * from nowhere;")
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([good, bad]) }
        #expect(error?.kind == .failed && error?.version == 2)
        let tables = "select count(*) from information_schema.tables where table_schema = 'public'"
        #expect(try connection.rows("\(unsafe: tables)", as: (Int).self) == [0])
        try migrator.migrate([good])
        #expect(try connection.rows("\(unsafe: tables)", as: (Int).self) == [3])
    }

    @Test func `files must be numbered without a gap`() throws {
        var template = Array("/tmp/observer-migrations-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        try #require(made)
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let path = "\(directory)/0002_late.sql"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        defer {
            unlink(path)
            rmdir(directory)
        }
        let error = #expect(throws: MigrationError.self) { try Migration.load(from: directory) }
        #expect(error?.kind == .misnumbered)
        let missing = #expect(throws: MigrationError.self) { try Migration.load(from: "\(directory)/nowhere") }
        #expect(missing?.kind == .unreadable)
    }

    @Test func `the sample cameras fit the tables and are added once`() throws {
        let connection = database.connect()
        try Migrator(connection).migrate(migrations)
        let demo = try TestEnvironment.text(of: "sql/demo.sql")
        try connection.executeScript(unsafe: demo)
        try connection.executeScript(unsafe: demo)
        #expect(try CameraStore(connection).count().all == 5)
    }

    @Test func `schema.sql is what the migrations make`() throws {
        let connection = database.connect()
        try Migrator(connection).migrate(migrations)
        let text = try SchemaDump(connection).text()
        #expect(
            try text == TestEnvironment.text(of: "sql/schema.sql"),
            "generate it: observerctl schema > sql/schema.sql"
        )
        // What was generated makes the same schema.
        let copy = try TestDatabase(migrated: false)
        try copy.connect().executeScript(unsafe: text)
        // PostgreSQL keeps the parentheses of `between`, and drops them when its own text is read again.
        func plain(_ text: String) -> String { text.filter { $0 != "(" && $0 != ")" } }
        #expect(try plain(SchemaDump(copy.connect()).text()) == plain(text))
    }
}
