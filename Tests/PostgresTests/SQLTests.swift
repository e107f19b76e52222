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

    @Test func `text is inserted only where it is called unsafe`() {
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
