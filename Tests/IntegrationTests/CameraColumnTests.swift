import ObserverCore
import Postgres
import TestSupport
import Testing

@testable import ObserverStore

/// The SQL of cameras, which is written by hand, held against the table of their fields.
@Suite(.enabled(if: TestEnvironment.has(.database))) struct CameraColumnTests {
    private let database: TestDatabase
    private let connection: PostgresConnection
    private let store: CameraStore

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        store = CameraStore(connection)
    }

    /// A value that is not the default and that the rules leave as it is.
    private func sample(of field: CameraField) -> FieldValue {
        switch field.kind {
        case .text, .code, .password: .string("Sample")
        case .url: .string("rtsp://sample.example/\(field.name)")
        case .truth: .bool(true)
        case .integer(let range, _): .integer(Int64(range.upperBound))
        case .choice(let choices): .string(choices.map(\.word).last ?? "")
        case .certificates: .string("pinned:" + String(repeating: "0f", count: 32))
        case .tags: .list([.string("sample"), .string("two")])
        case .number, .time, .status: .null
        }
    }

    private var writable: [CameraField] { CameraField.all.filter { $0.isWritable && !$0.isPassword } }

    private func create(_ more: [String: FieldValue] = [:]) throws -> Camera {
        let least: [String: FieldValue] = [
            "name": .string("A"), "location": .string("B"), "url": .string("rtsp://cam/1"),
        ]
        let changes = try CameraFields.create(least.merging(more) { $1 }, policy: .standard)
        return try store.create(changes.settings).camera
    }

    @Test func `a listing begins with the columns of the table, in its order`() throws {
        let columns = CameraField.all.compactMap(\.column)
        let selected = Camera.columns.split(separator: ", ").map { String($0.dropFirst("c.".count)) }
        let sealed = ["url_sealed", "sub_url_sealed"]
        #expect(selected.map { $0.replacing(" is not null", with: "") } == columns + sealed)
        let cases = CameraColumn.allCases.map { "\($0)".lowercased() }
        let names = columns.map { $0 == "password_sealed" ? "haspassword" : $0.replacing("_", with: "") }
        #expect(Array(cases.prefix(names.count)) == names)
    }

    @Test func `the database has each column, with the table's default and its empty values`() throws {
        let statement: SQL = """
            select column_name::text, is_nullable = 'YES', column_default from information_schema.columns
            where table_name = 'cameras' and table_schema = current_schema()
            """
        let columns = try connection.rows(statement, as: (String, Bool, String?).self)
        for field in CameraField.all {
            guard let name = field.column else { continue }
            let column = try #require(columns.first { $0.0 == name }, "\(name)")
            #expect(column.1 == (field.null == .clears), "\(name) can be null in one of the two places only")
        }
        let created = try connection.rows(
            "insert into cameras (name, location, url) values ('A', 'B', 'rtsp://cam/1') returning id",
            as: (CameraID).self
        )
        let id = try #require(created.first)
        let camera = try #require(try store.get(id)?.camera)
        for field in writable where !field.isRequired {
            #expect(field.value(of: camera) == field.value(in: CameraSettings()), "\(field.name)")
        }
    }

    @Test func `every field is stored with a new camera`() throws {
        let values = Dictionary(writable.map { ($0.name, sample(of: $0)) }) { first, _ in first }
        let camera = try create(values)
        for field in writable { #expect(field.value(of: camera) == values[field.name], "\(field.name)") }
        #expect(try store.get(camera.id)?.camera == camera)
    }

    @Test func `every field is changed alone, and a change to the same value is none`() throws {
        let before = try create()
        for field in writable {
            let value = sample(of: field)
            let changes = try CameraFields.patch([field.name: value], policy: .standard)
            let camera = try #require(try store.patch(before.id, changes).listing?.camera)
            #expect(field.value(of: camera) == value, "\(field.name)")
            for other in writable where other.name != field.name {
                #expect(other.value(of: camera) == other.value(of: before), "\(other.name) with \(field.name)")
            }
            #expect(try store.patch(before.id, changes).isChanged == false, "\(field.name)")
            var back = try CameraFields.patch([field.name: field.value(of: before)], policy: .standard)
            if field.null == .clears { back = try CameraFields.patch([field.name: .null], policy: .standard) }
            #expect(try store.patch(before.id, back).listing?.camera.settings == before.settings, "\(field.name)")
        }
    }

    @Test func `the database keeps the limits of the table`() throws {
        let id = try create().id
        for field in writable {
            guard let column = field.column else { continue }
            var wrong: [String] = []
            switch field.kind {
            case .text(let longest), .code(let longest): wrong = ["repeat('x', \(longest + 1))", "''"]
            case .url: wrong = ["repeat('x', \(CameraURL.longest + 1))", "'rtsp://user:password@cam/1'", "''"]
            case .integer(let range, _): wrong = ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"]
            case .choice, .certificates: wrong = ["'smoke'"]
            case .tags(let most, _): wrong = ["array_fill('x'::text, array[\(most + 1)])"]
            default: break
            }
            for value in wrong {
                let statement = "update cameras set \(column) = \(value) where id = \(id)"
                #expect(throws: PostgresError.self, "\(statement)") { try connection.execute("\(unsafe: statement)") }
            }
        }
    }
}
