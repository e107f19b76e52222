import Glibc
import ObserverConfiguration
import ObserverStore
import Postgres

extension Command {
    static let migrate = Command(
        name: "migrate",
        usage: "[--migrations DIR] [--wait SECONDS]",
        summary: "Bring the database's tables up to date, and create partitions ahead.",
        details: """
            Applies the steps that are missing, one by one; an attempt that ends early is continued by the next one, and
            several may run at once. A step that was changed after it was applied is refused, and so is a database that a
            newer program has changed in a way that this one does not bear. Then the weekly partitions of segments are created
            up to four weeks ahead, rows that had none are moved to theirs, and the roles of the services get their rights, as
            by `observerctl roles`.
            Reads OBSERVER_DATABASE_URL. DIR is sql/migrations of the source tree this program was built in, or
            /usr/share/observer/sql/migrations. --wait gives a server that does not answer yet so long (at most 3600).
            """,
        options: ["--migrations", "--wait"],
        run: { arguments, configuration in
            let patience = try seconds(arguments.value("--wait"))
            let migrations = try Migration.load(from: try Migrations.directory(arguments.value("--migrations")))
            let connection = try configuration.connect()
            try awaitServer(connection, for: patience)
            let applied = try Migrator(connection).migrate(migrations)
            for migration in applied { Output.note("applied \(migration.version) \(migration.name)") }
            Output.note("the database is at migration \(migrations.count)")
            let partitions = PartitionStore(connection)
            for week in try partitions.rehouseStrays() + partitions.prepare() {
                Output.note("created \(week.partition)")
            }
            try grantRights(connection)
            return .done
        }
    )

    private static func seconds(_ text: String?) throws -> Duration {
        guard let text else { return .zero }
        guard let number = Int(text), (0...3600).contains(number) else {
            throw UsageError(command: "migrate", "--wait is '\(text)', not a number of seconds from 0 to 3600")
        }
        return .seconds(number)
    }

    /// Waits until the server takes connections; a refusal that waiting does not change ends it at once.
    private static func awaitServer(_ connection: PostgresConnection, for patience: Duration) throws {
        let end = ContinuousClock.now + patience
        while true {
            do throws(PostgresError) {
                _ = try connection.execute("select 1")  // ignored: it answered
                return
            } catch {
                guard error.isTemporary, ContinuousClock.now < end else { throw error }
            }
            usleep(500_000)
        }
    }

    static let schema = Command(
        name: "schema",
        usage: "",
        summary: "Print the database's tables as SQL.",
        details: """
            Sorted and without owners, so that it can be compared: sql/schema.sql is made by it from a migrated database.
            Reads OBSERVER_DATABASE_URL.
            """,
        run: { _, configuration in
            Output.raw(try SchemaDump(try configuration.connect()).text())
            return .done
        }
    )
}

/// Where the migrations are.
enum Migrations {
    private static let installed = "/usr/share/observer/sql/migrations"

    /// The directory that was given, that of the source tree around this program, or the installed one.
    static func directory(_ given: String?) throws -> String {
        if let given { return given }
        var folder = executable.split(separator: "/")
        while folder.popLast() != nil {
            let candidate = "/\((folder + ["sql", "migrations"]).joined(separator: "/"))"
            if access(candidate, R_OK) == 0 { return candidate }
        }
        guard access(installed, R_OK) == 0 else {
            throw ToolError(.notFound, "cannot find the migrations", hint: "give them with --migrations DIR")
        }
        return installed
    }

    private static var executable: String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink("/proc/self/exe", $0, text.count) } ?? 0
            }
        }
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }
}
