import TemporaryFolders
import System
import Glibc
import ObserverStore
import Postgres
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

    private func migration(_ version: Int, _ name: String, _ text: String) throws -> Migration {
        try Migration(version: version, name: name, text: text)
    }

    /// Limits that a test can wait for.
    private var short: Migrator.Limits {
        var limits = Migrator.Limits()
        limits.lock = .milliseconds(50)
        limits.tries = .milliseconds(700)
        limits.others = .milliseconds(300)
        return limits
    }

    private func number(_ connection: PostgresConnection, _ statement: SQL) throws -> Int {
        try #require(try connection.rows(statement, as: (Int).self).first)
    }

    @Test func `an empty database gets every migration once`() throws {
        let migrator = Migrator(database.connect())
        #expect(try !migrator.isUpToDate(migrations))
        #expect(try migrator.migrate(migrations) == migrations)
        #expect(try migrator.migrate(migrations).isEmpty)
        #expect(try migrator.isUpToDate(migrations))
    }

    @Test func `several processes may migrate at once, also while one builds an index concurrently`() throws {
        let steps = try migration(
            1,
            "indexed",
            """
            -- step: transactional table
            create table a as select n from generate_series(1, 50000) n;
            -- step: concurrent index
            create index concurrently if not exists a_n on a (n)
            """
        )
        let applied = Lock<[Int]>([])
        let threads = (0..<4).map { _ in
            DedicatedThread.start(name: "migrate") { [database] in
                let count = (try? Migrator(database.connect()).migrate([steps]).count) ?? 1000
                applied.withLock { $0.append(count) }
            }
        }
        threads.forEach { $0.join() }
        #expect(applied.withLock { $0.sorted() } == [0, 0, 0, 1])
    }

    @Test func `who waits for another migrator gives up with words`() throws {
        let other = database.connect()
        try other.execute("select pg_advisory_lock(\(Int64(0x6F62_7376)))")
        let error = #expect(throws: MigrationError.self) {
            try Migrator(database.connect(), limits: short).migrate(migrations)
        }
        #expect(error?.kind == .busy && error?.isTemporary == true)
        other.close()
    }

    @Test func `a step that was changed after it was applied is refused`() throws {
        let migrator = Migrator(database.connect())
        try migrator.migrate([try migration(1, "first", "create table a (id int)")])
        let changed = try migration(1, "first", "create table a (id bigint)")
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([changed]) }
        #expect(error?.kind == .changed && error?.version == 1)
    }

    @Test func `a database that is newer than the program is refused, unless the migration is compatible`() throws {
        let migrator = Migrator(database.connect())
        let first = try migration(1, "first", "create table a (id int)")
        let second = try migration(2, "second", "-- compatible: yes\ncreate table b (id int)")
        let third = try migration(3, "third", "create table c (id int)")
        try migrator.migrate([first, second])
        #expect(try migrator.migrate([first]).isEmpty && migrator.isUpToDate([first]))
        try migrator.migrate([first, second, third])
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([first]) }
        #expect(error?.kind == .newer && error?.version == 3)
    }

    @Test func `a step that fails leaves nothing behind, and what came before it stays`() throws {
        let connection = database.connect()
        let migrator = Migrator(connection)
        let good = try migration(1, "good", "create table a (id int); create table b (id int);")
        let bad = try migration(2, "bad", "create table c (id int); select * from nowhere;")
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([good, bad]) }
        #expect(error?.kind == .failed && error?.version == 2)
        #expect(error?.detail.contains("nowhere") == true)
        let tables: SQL = "select count(*) from information_schema.tables where table_schema = 'public'"
        #expect(try number(connection, tables) == 3)
        let mended = try migration(2, "bad", "create table c (id int)")
        #expect(try migrator.migrate([good, mended]) == [mended])
    }

    // MARK: Locks

    @Test func `a step that can't get its lock gives up with words and leaves nothing`() throws {
        let migrator = Migrator(database.connect(), limits: short)
        let first = try migration(1, "first", "create table a (id int)")
        let second = try migration(2, "second", "create table b (id int); alter table a add column c int")
        try migrator.migrate([first])
        let reader = database.connect()
        try reader.execute("begin")
        try reader.execute("select * from a")
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([first, second]) }
        #expect(error?.kind == .locked && error?.version == 2 && error?.isTemporary == true)
        #expect(error?.detail.contains("second") == true)
        try reader.execute("commit")
        #expect(try number(reader, "select count(*) from pg_class where relname = 'b'") == 0)
        #expect(try migrator.migrate([first, second]) == [second])
    }

    @Test func `a step waits for its lock without holding up others for long`() throws {
        var limits = short
        limits.lock = .milliseconds(500)
        limits.tries = .seconds(20)
        let migrator = Migrator(database.connect(), limits: limits)
        let first = try migration(1, "first", "create table a (id int)")
        let second = try migration(2, "second", "alter table a add column c int")
        try migrator.migrate([first])
        let reader = database.connect()
        try reader.execute("begin")
        try reader.execute("select * from a")
        let isDone = Lock(false)
        let thread = DedicatedThread.start(name: "migrate") { [limits] in
            let applied = try? Migrator(database.connect(), limits: limits).migrate([first, second])
            isDone.withLock { $0 = applied == [second] }
        }
        // Another reader gets past the step that waits.
        let other = database.connect(deadline: .seconds(5))
        let waiting: SQL = """
            select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            """
        let hasTried = poll { try number(other, waiting) > 0 }
        #expect(hasTried)
        #expect(try number(other, "select count(*) from a") == 0)
        try reader.execute("commit")
        thread.join()
        #expect(isDone.withLock { $0 })
    }

    // MARK: Concurrent steps

    @Test func `an index that an interrupted step left invalid is made again`() throws {
        let connection = database.connect()
        let migrator = Migrator(connection)
        let table = "create table a as select 1 as n from generate_series(1, 2)"
        let index = "create unique index concurrently if not exists a_n on a (n)"
        let text = "-- step: transactional table\n\(table)\n-- step: concurrent index\n\(index)"
        let migration = try migration(1, "indexed", text)
        let error = #expect(throws: MigrationError.self) { try migrator.migrate([migration]) }
        #expect(error?.kind == .failed)
        let invalid: SQL = "select count(*) from pg_index where indexrelid = to_regclass('a_n') and not indisvalid"
        #expect(try number(connection, invalid) == 1)
        try connection.execute("delete from a where ctid = (select min(ctid) from a)")
        #expect(try migrator.migrate([migration]) == [migration])
        #expect(try number(connection, invalid) == 0)
        #expect(try number(connection, "select count(*) from pg_indexes where indexname = 'a_n'") == 1)
    }

    @Test func `a concurrent step is not bound by the connection's time`() throws {
        var configuration = database.configuration
        configuration.deadline = .milliseconds(500)
        let step =
            "-- step: concurrent long\nselect format('select pg_sleep(%s)', n) from generate_series(0.4, 0.8, 0.4) n"
        let migration = try migration(1, "slow", step)
        #expect(try Migrator(PostgresConnection(configuration)).migrate([migration]) == [migration])
    }

    @Test func `a partitioned table gets an index partition by partition`() throws {
        let connection = database.connect()
        let migration = try migration(
            1,
            "partitioned",
            """
            -- step: transactional table
            create table a (n int) partition by range (n);
            create table a_1 partition of a for values from (0) to (10);
            create table a_2 partition of a for values from (10) to (20);
            create index a_n on only a (n);
            -- step: concurrent indices
            select format('create index concurrently if not exists %s_n on %s (n)', p, p)
            from (select inhrelid::regclass as p from pg_inherits where inhparent = 'a'::regclass) partitions order by p
            -- step: transactional attach
            alter index a_n attach partition a_1_n;
            alter index a_n attach partition a_2_n;
            """
        )
        try Migrator(connection).migrate([migration])
        let valid: SQL = "select count(*) from pg_index where indexrelid = to_regclass('a_n') and indisvalid"
        #expect(try number(connection, valid) == 1)
    }

    // MARK: Batched steps

    private let batched = """
        -- step: transactional table
        create table a as select n, false as is_filled from generate_series(1, 10) n;
        create table log (batch int);
        -- step: batched fill
        with batch as (
            select n from a where n > coalesce(:cursor::int, 0) order by n limit 4
        ), filled as (
            update a set is_filled = true where n in (select n from batch) returning n
        ), logged as (
            insert into log select count(*) from batch
        )
        select max(n)::text, count(*) from filled
        """

    @Test func `a batched step is repeated until nothing is left`() throws {
        let connection = database.connect()
        let migration = try migration(1, "filled", batched)
        #expect(try Migrator(connection).migrate([migration]) == [migration])
        #expect(try number(connection, "select count(*) from a where is_filled") == 10)
        #expect(try connection.rows("select batch from log", as: (Int).self) == [4, 4, 2, 0])
        #expect(try number(connection, "select changed_rows from schema_migrations where step = 1") == 10)
        #expect(try Migrator(connection).migrate([migration]).isEmpty)
    }

    @Test func `a batched step that was killed goes on where it was`() throws {
        let connection = database.connect()
        let firstStep = batched.split(separator: "\n").prefix { !$0.contains("batched") }.joined(separator: "\n")
        try Migrator(connection).migrate([try migration(1, "filled", firstStep + "\n")])
        // The second batch meets a row that another session has locked, after the first one was committed.
        let migration = try migration(1, "filled", batched)
        let other = database.connect()
        try other.execute("begin")
        try other.execute("select * from a where n = 6 for update")
        let error = #expect(throws: MigrationError.self) {
            try Migrator(connection, limits: short).migrate([migration])
        }
        #expect(error?.kind == .locked)
        #expect(try connection.rows("select batch from log", as: (Int).self) == [4])
        try other.execute("commit")
        try Migrator(connection).migrate([migration])
        #expect(try connection.rows("select batch from log", as: (Int).self) == [4, 4, 2, 0])
    }

    @Test func `a batched step that doesn't get on is stopped`() throws {
        let text = "-- step: batched stuck\nselect coalesce(:cursor, 'here'), 0::bigint"
        let migration = try migration(1, "stuck", text)
        let error = #expect(throws: MigrationError.self) { try Migrator(database.connect()).migrate([migration]) }
        #expect(error?.kind == .failed)
    }

    // MARK: Files

    @Test func `files must be numbered without a gap`() throws {
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let directory = folder.path
        close(open("\(directory)/0002_late.sql", O_CREAT | O_WRONLY, 0o600))
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
