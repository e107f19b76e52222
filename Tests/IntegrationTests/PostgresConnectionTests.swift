import System
import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct PostgresConnectionTests {
    let database: TestDatabase

    init() throws {
        database = try TestDatabase(migrated: false)
    }

    // MARK: Values

    @Test func `values go to the server and come back`() throws {
        let connection = database.connect()
        let moment = SQLTimestamp(microseconds: 1_795_000_000_123_456)
        let uuid = SQLUUID(high: 0x0193_0000_0000_7000, low: 0x8000_0000_0000_0001)
        let rows = try connection.rows(
            """
            select \(Int64.min), \(Int32(7)), \(Int16(-7)), \("ü'\"\\"), \(true), \(0.5), \([UInt8]([0, 255])),
                \(moment), \(uuid), \(["a,b", ""]), \(String?.none), jsonb_build_object('a', 1)
            """,
            as: (
                Int64, Int32, Int16, String, Bool, Double, [UInt8], SQLTimestamp, SQLUUID, [String], String?, String
            ).self
        )
        let row = try #require(rows.first)
        #expect((row.0, row.1, row.2, row.3, row.4, row.5) == (.min, 7, -7, "ü'\"\\", true, 0.5))
        #expect(
            (row.6, row.7, row.8, row.9, row.10, row.11) == ([0, 255], moment, uuid, ["a,b", ""], nil, #"{"a": 1}"#)
        )
    }

    @Test func `a moment means the same to both sides`() throws {
        let statement: SQL = "select \(SQLTimestamp(microseconds: 1_000_000))::text"
        #expect(try database.connect().rows(statement, as: (String).self) == ["1970-01-01 00:00:01+00"])
    }

    @Test func `arrays with NULLs reach unnest`() throws {
        let rows = try database.connect().rows(
            "select * from unnest(\([1, 2, 3]), \([String?.some("a"), nil, "c"]))",
            as: (Int, String?).self
        )
        #expect(rows.map(\.0) == [1, 2, 3])
        #expect(rows.map(\.1) == ["a", nil, "c"])
    }

    @Test func `a column read as another type is an error and the connection stays good`() throws {
        let connection = database.connect()
        #expect(throws: PostgresError.self) { try connection.rows("select 'text'", as: (Int64).self) }
        #expect(throws: PostgresError.self) { try connection.rows("select null::text", as: (String).self) }
        #expect(try connection.rows("select 1", as: (Int).self) == [1])
    }

    @Test func `text can be taken from the answer without a copy`() throws {
        let connection = database.connect()
        var bytes: [UInt8] = []
        try connection.forEachRow("select 'one', array['x', 'y'], null::text") { row throws(PostgresError) in
            try row.appendText(at: 0, to: &bytes)
            try row.forEachText(at: 1) { bytes.append(contentsOf: $0) }
            if try row.appendText(at: 2, to: &bytes) { bytes.append(0) }
        }
        #expect(bytes == Array("onexy".utf8))
    }

    // MARK: Errors

    @Test func `an error of a statement has its code and leaves the connection good`() throws {
        let connection = database.connect()
        try connection.execute("create table t (id int primary key, n int constraint n_small check (n < 10))")
        try connection.execute("insert into t values (1, 1)")
        let duplicate = #expect(throws: PostgresError.self) { try connection.execute("insert into t values (1, 1)") }
        #expect((duplicate?.kind, duplicate?.sqlState, duplicate?.constraint) == (.uniqueViolation, "23505", "t_pkey"))
        let tooLarge = #expect(throws: PostgresError.self) { try connection.execute("insert into t values (2, \(10))") }
        #expect((tooLarge?.kind, tooLarge?.constraint) == (.invalidValue, "n_small"))
        let missing = #expect(throws: PostgresError.self) { try connection.execute("select * from nowhere") }
        #expect(missing?.kind == .schema)
        #expect(try connection.rows("select count(*) from t", as: (Int).self) == [1])
    }

    @Test func `a statement outlives a change of its table`() throws {
        let connection = database.connect()
        try connection.execute("create table t (a int)")
        try connection.execute("insert into t values (1)")
        #expect(try connection.forEachRow("select * from t") { _ in } == 1)
        try database.connect().execute("alter table t add b text")
        #expect(try connection.forEachRow("select * from t") { _ in } == 1)
    }

    // MARK: Transactions

    @Test func `a transaction that throws leaves nothing`() throws {
        let connection = database.connect()
        try connection.execute("create table t (id int primary key)")
        #expect(throws: PostgresError.self) {
            try connection.transaction { () throws(PostgresError) in
                try connection.execute("insert into t values (1)")
                try connection.execute("insert into t values (1)")
            }
        }
        #expect(try connection.rows("select count(*) from t", as: (Int).self) == [0])
        try connection.transaction { () throws(PostgresError) in _ = try connection.execute("insert into t values (2)")
        }
        #expect(try connection.rows("select id from t", as: (Int).self) == [2])
    }

    @Test func `an error that is passed over does not make a rolled back transaction look committed`() throws {
        let connection = database.connect()
        try connection.execute("create table t (id int primary key)")
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { () throws(PostgresError) in
                try connection.execute("insert into t values (1)")
                do { try connection.execute("insert into t values (1)") } catch {}
            }
        }
        #expect(error?.kind == .misuse)
        #expect(try connection.rows("select count(*) from t", as: (Int).self) == [0])
    }

    @Test func `a connection that breaks inside a transaction is not opened again before its end`() throws {
        let connection = database.connect()
        try connection.execute("create table t (id int)")
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { () throws(PostgresError) in
                try connection.execute("insert into t values (1)")
                try terminate(connection)
                _ = poll { !connection.isConnected }
                do { try connection.execute("insert into t values (2)") } catch {}
                try connection.execute("insert into t values (3)")
            }
        }
        #expect(error?.kind == .connectionLost)
        #expect(try connection.rows("select count(*) from t", as: (Int).self) == [0])
    }

    // MARK: Time and loss

    @Test func `a call ends at its deadline and the next one works`() throws {
        let connection = database.connect()
        let start = MonotonicInstant.now()
        let error = #expect(throws: PostgresError.self) {
            try connection.execute("select pg_sleep(30)", within: .milliseconds(300))
        }
        #expect(error?.kind == .deadline)
        #expect(MonotonicInstant.now() - start < .seconds(2))
        #expect(try connection.rows("select 1", as: (Int).self) == [1])
    }

    @Test func `a frozen server costs no more than the deadline`() throws {
        let connection = database.connect()
        let process = try #require(try connection.rows("select pg_backend_pid()", as: (Int32).self).first)
        // Only a server on this machine, and one we may signal, can be frozen.
        guard kill(process, SIGSTOP) == 0 else { return }
        defer { kill(process, SIGCONT) }
        let start = MonotonicInstant.now()
        let error = #expect(throws: PostgresError.self) {
            try connection.execute("select 1", within: .milliseconds(500))
        }
        #expect(error?.kind == .deadline)
        #expect(MonotonicInstant.now() - start < .seconds(3))
        #expect(try connection.rows("select 1", as: (Int).self) == [1])
    }

    @Test func `an idle connection that the server closed is opened again unnoticed`() throws {
        let connection = database.connect()
        for _ in 0..<3 {
            #expect(try connection.rows("select \(1)", as: (Int).self) == [1])
            try terminate(connection)
        }
    }

    @Test func `a server that is away fails at once and is left alone for a while`() throws {
        // Bound but not listening: no other process gets the port, and every attempt is refused.
        let (socket, port) = try #require(LoopbackSocket.bound(.stream))
        defer { close(socket) }
        let connection = PostgresConnection(
            try PostgresConfiguration(
                url: "postgresql://nobody@127.0.0.1:\(port)/none",
                applicationName: "tests",
                reconnectInterval: .seconds(60)
            )
        )
        let first = #expect(throws: PostgresError.self) { try connection.execute("select 1") }
        #expect(first?.kind == .unavailable && first?.serverMessage != nil)
        let second = #expect(throws: PostgresError.self) { try connection.execute("select 1") }
        #expect(second?.kind == .unavailable && second?.serverMessage == nil)
    }

    @Test func `a server that accepts and stays silent is given up in time`() throws {
        let (socket, port) = try #require(LoopbackSocket.bound(.stream))
        defer { close(socket) }
        #expect(listen(socket, 4) == 0)
        let connection = PostgresConnection(
            try PostgresConfiguration(
                url: "postgresql://nobody@127.0.0.1:\(port)/none",
                applicationName: "tests",
                deadline: .milliseconds(300)
            )
        )
        let start = MonotonicInstant.now()
        let error = #expect(throws: PostgresError.self) { try connection.execute("select 1") }
        #expect(error?.kind == .unavailable)
        #expect(MonotonicInstant.now() - start < .seconds(2))
    }

    @Test func `a large parameter and a large answer pass`() throws {
        let bytes = [UInt8](repeating: 7, count: 8_000_000)
        #expect(try database.connect().rows("select \(bytes)", as: ([UInt8]).self).first?.count == bytes.count)
    }

    // MARK: Helpers

    /// Terminates the server's side of a connection.
    private func terminate(_ connection: PostgresConnection) throws(PostgresError) {
        let processes = try connection.rows("select pg_backend_pid()", as: (Int32).self)
        let other = database.connect()
        try other.execute("select pg_terminate_backend(\(processes[0]), 5000)")
    }
}
