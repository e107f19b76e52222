import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func `interpolated values become parameters and never text`() {
        let name = "'; drop table cameras; --"
        let id: Int64 = 7
        let statement: SQL = "select * from cameras where name = \(name) and id = \(id)"
        #expect(statement.text == "select * from cameras where name = $1 and id = $2")
        #expect(statement.parameters.entries.map(\.type) == [.text, .int8])
        #expect(statement.parameters.bytes == Array(name.utf8) + [0, 0, 0, 0, 0, 0, 0, 7])
    }

    @Test func `text goes in only where it is called unsafe`() {
        let columns = "id, name"
        let statement: SQL = "select \(unsafe: columns) from cameras limit \(10)"
        #expect(statement.text == "select id, name from cameras limit $1")
    }

    @Test func `nil is NULL and an empty text is not`() {
        let nothing: String? = nil
        let statement: SQL = "select \(nothing), \("")"
        #expect(statement.parameters.entries.map(\.length) == [-1, 0])
        let pointers = statement.parameters.withPointers { values, _, _, _ in (values?[0] == nil, values?[1] == nil) }
        #expect(pointers == (true, false))
    }
}

@Suite struct SQLValueTests {
    private func roundTrip<Value: SQLValue & Equatable>(_ value: Value) -> Bool {
        var bytes: [UInt8] = []
        guard value.encode(into: &bytes) else { return Value.null == value }
        return bytes.withUnsafeBytes { Value.decode($0, type: Value.sqlType) } == value
    }

    @Test func `values survive encoding and decoding`() {
        #expect(roundTrip(Int64.min) && roundTrip(Int64.max) && roundTrip(Int32(-5)) && roundTrip(Int16(300)))
        #expect(roundTrip(true) && roundTrip(false) && roundTrip(-0.25) && roundTrip("Größe 🎥") && roundTrip(""))
        #expect(roundTrip(SQLTimestamp(microseconds: 0)) && roundTrip(SQLTimestamp(microseconds: -1)))
        #expect(roundTrip(SQLUUID(high: 1, low: .max)) && roundTrip([UInt8](0...255)) && roundTrip([UInt8]()))
        #expect(roundTrip(String?.none) && roundTrip(Int64?.some(3)))
        #expect(roundTrip([Int64]()) && roundTrip([1, -1, Int64.max]) && roundTrip(["a", "", "ü"]))
        #expect(roundTrip([String?.some("a"), nil, "b"]) && roundTrip([[UInt8]]([[1], [], [2, 3]])))
    }

    @Test func `a column of another type or length is refused`() {
        [0, 0, 0, 1].withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            let four = UnsafeRawBufferPointer(rebasing: bytes.prefix(4))
            #expect(Int64.decode(four, type: .int4) == 0)
            #expect(Int64.decode(four, type: .int8) == nil)
            #expect(Int32.decode(four, type: .int8) == nil)
            #expect(String.decode(four, type: .int4) == nil)
            #expect(Bool.decode(four, type: .bool) == nil)
            #expect(SQLUUID.decode(four, type: .uuid) == nil)
            #expect([Int64].decode(four, type: .bytea) == nil)
        }
    }

    @Test func `a damaged array never reads beyond its end`() {
        var bytes: [UInt8] = []
        _ = ["one", "two", "three"].encode(into: &bytes)
        for length in 0..<bytes.count {
            let value = bytes[..<length].withUnsafeBytes { [String].decode($0, type: [String].sqlType) }
            #expect(value == nil)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = damaged.withUnsafeBytes { [String].decode($0, type: [String].sqlType) }
            _ = damaged.withUnsafeBytes { TextArray.forEach($0) { _ in } }
        }
    }

    @Test func `infinity is no moment`() {
        for first: UInt8 in [0x7F, 0x80] {
            let rest: UInt8 = first == 0x7F ? 0xFF : 0
            let bytes = [first] + [UInt8](repeating: rest, count: 7)
            #expect(bytes.withUnsafeBytes { SQLTimestamp.decode($0, type: .timestamptz) } == nil)
        }
    }
}

@Suite struct PostgresErrorTests {
    @Test func `a description shows codes and never what the server said`() {
        let error = PostgresError(
            .uniqueViolation,
            sqlState: "23505",
            constraint: "users_name_key",
            serverMessage: "Key (name)=(secret) already exists"
        )
        #expect("\(error)".contains("23505") && "\(error)".contains("users_name_key"))
        #expect(!"\(error)".contains("secret"))
        #expect(error.debugDescription.contains("secret"))
    }

    @Test(arguments: [
        ("23505", PostgresError.Kind.uniqueViolation, false), ("40001", .interrupted, true),
        ("57014", .interrupted, true),
        ("57P01", .overloaded, true), ("53300", .overloaded, true), ("42P01", .schema, false),
        ("22001", .invalidValue, false),
        ("28P01", .authentication, false), ("08006", .connectionLost, true), ("XX000", .server, false),
    ])
    func `each code has its kind`(state: String, kind: PostgresError.Kind, isTemporary: Bool) {
        #expect(PostgresError.Kind(sqlState: state) == kind)
        #expect(PostgresError(kind).isTemporary == isTemporary)
    }
}

@Suite struct ConnectionConfigurationTests {
    @Test func `a configuration never shows user or password`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgresql://someone:hunter2@db.example:5433/observer?sslmode=require",
            applicationName: "test"
        )
        #expect("\(configuration)" == "db.example:5433/observer")
        #expect(!configuration.address.contains("hunter2"))
    }

    @Test(arguments: [
        "", "mysql://h/db", "host=h dbname=d", "postgresql://h/db?nonsense=1",
    ])
    func `what is no URL of PostgreSQL is refused without repeating it`(url: String) {
        #expect(throws: PostgresError(.configuration)) {
            try PostgresConfiguration(url: url, applicationName: "test")
        }
    }

    @Test func `the settings of the URL win over the defaults`() throws {
        let configuration = try PostgresConfiguration(
            url: "postgresql:///db?host=/run/x&connect_timeout=9",
            applicationName: "test"
        )
        #expect(configuration.settings.filter { $0.keyword == "connect_timeout" }.map(\.value) == ["9"])
        #expect(configuration.settings.contains { $0.keyword == "tcp_user_timeout" && $0.value == "5000" })
        #expect(configuration.with(database: "other").address == "/run/x:5432/other")
    }
}
