import ObserverStore
import Testing

struct MigrationTests {
    private func steps(_ text: String) throws -> [MigrationStep] {
        try Migration(version: 1, name: "first", text: text).steps
    }

    @Test func `a file without headings is one transactional step`() throws {
        let migration = try Migration(version: 1, name: "first", text: "-- Tables.\ncreate table a (id int);\n")
        #expect(migration.steps.map(\.kind) == [.transactional])
        #expect(migration.steps.map(\.name) == ["first"])
        #expect(!migration.isCompatible)
    }

    @Test func `headings divide a file into steps`() throws {
        let text = """
            -- Says more.
            -- compatible: yes

            -- step: transactional column
            alter table a add column b int;
            -- step: batched fill
            with n as (select max(id) from a where id > :cursor) select max::text, 1 from n
            -- step: concurrent index
            create unique index concurrently if not exists a_b on a (b);
            """
        let migration = try Migration(version: 1, name: "first", text: text)
        #expect(migration.isCompatible)
        #expect(migration.steps.map(\.kind) == [.transactional, .batched, .concurrent])
        #expect(migration.steps.map(\.name) == ["column", "fill", "index"])
        #expect(migration.steps[0].text.contains("add column") && !migration.steps[0].text.contains("cursor"))
        #expect(Set(migration.steps.map(\.checksum)).count == 3)
    }

    @Test(arguments: [
        ("-- step: magic a\nselect 1", "magic"), ("-- step: transactional\nselect 1", "NAME"),
        ("-- step: transactional A-b\nselect 1", "NAME"), ("select 1;\n-- step: transactional a\nselect 1", "before"),
        ("-- step: transactional a\nselect 1\n-- step: batched a\nselect :cursor", "two steps a"),
        ("-- step: transactional a\n-- nothing\n-- step: transactional b\nselect 1", "no statement"),
        ("", "no statement"), ("-- compatible: maybe\nselect 1", "yes or no"),
        ("select 1;\n-- compatible: yes", "first"),
        ("-- step: batched a\nselect null, 1", ":cursor"),
        ("-- step: concurrent a\ncreate index concurrently a_b on a (b)", "if not exists"),
        ("-- step: concurrent a\ncreate unique index a_b on a (b)", "concurrently"),
    ])
    func `a file that cannot be divided is refused with the reason`(text: String, reason: String) {
        let error = #expect(throws: MigrationError.self) {
            try Migration(version: 7, name: "bad", text: text)
        }
        #expect(error?.kind == .malformed && error?.version == 7)
        #expect(error?.detail.contains(reason) == true, "\(error?.detail ?? "")")
    }

    @Test func `the same text as another kind of step is another step`() throws {
        let statement = "select format('select %L', :cursor)"
        #expect(
            try steps("-- step: transactional a\n\(statement)")[0].checksum
                != steps("-- step: batched a\n\(statement)")[0].checksum
        )
    }
}
