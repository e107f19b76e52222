import Glibc
import ObserverStore
import Postgres
import System
import TemporaryFolders
import TestSupport
import Testing

/// Connections through a pooler: one that gives each session a server of its own is as good as none, and others are refused.
@Suite(.enabled(if: TestEnvironment.has(.database) && PrivatePooler.isInstalled), .timeLimit(.minutes(3)))
struct PoolerTests {
    private func connection(_ url: String) throws -> PostgresConnection {
        PostgresConnection(
            try PostgresConfiguration(url: url, applicationName: "pooled", reconnectInterval: .milliseconds(1))
        )
    }

    private static func text(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test func `session mode works as it is, with settings, prepared statements, locks and migrations`() throws {
        let database = try TestDatabase(migrated: false)
        let pooler = try PrivatePooler(before: database, mode: "session")
        let connections = try (0..<6).map { _ in try connection(pooler.url) }
        for connection in connections {
            #expect(try connection.rows("select current_setting('statement_timeout')", as: (String).self) == ["5s"])
            #expect(try connection.rows("select current_setting('TimeZone')", as: (String).self) == ["UTC"])
        }
        for round in 0..<20 {
            for connection in connections { #expect(try connection.rows("select \(round)", as: (Int).self) == [round]) }
        }
        try Migrator(connection(pooler.url)).migrate(try Migration.load(from: TestDatabase.migrationsDirectory))
        let first = try connection(pooler.url)
        #expect(try first.rows("select pg_try_advisory_lock(1)", as: (Bool).self) == [true])
        #expect(try connections[0].rows("select pg_try_advisory_lock(1)", as: (Bool).self) == [false])
    }

    @Test(arguments: ["transaction", "statement"], ["", "server_round_robin = 1", "default_pool_size = 1"])
    func `transaction and statement mode are refused with words`(mode: String, more: String) throws {
        let database = try TestDatabase(migrated: false)
        let pooler = try PrivatePooler(before: database, mode: mode, more: more)
        let error = #expect(throws: PostgresError.self) { try connection(pooler.url).execute("select 1") }
        #expect(error?.kind == .pooler && error?.isTemporary == false, "\(String(describing: error))")
        #expect(error?.hint?.contains("pool_mode = session") == true)
    }

    @Test func `a busy pool in transaction mode is refused by every session, and no answer is another's`() throws {
        let database = try TestDatabase(migrated: false)
        let pooler = try PrivatePooler(before: database, mode: "transaction")
        let outcomes = Lock<[String]>([])
        let url = pooler.url
        let threads = (0..<8).map { number in
            DedicatedThread.start(name: "pooled") {
                for _ in 0..<5 {
                    do {
                        let connection = try connection(url)
                        for value in 0..<20 {
                            let found = try connection.rows("select \(number * 1000 + value)", as: (Int).self)
                            if found != [number * 1000 + value] { outcomes.withLock { $0.append("another's answer") } }
                        }
                        outcomes.withLock { $0.append("passed") }
                    } catch let error as PostgresError {
                        outcomes.withLock { $0.append(error.kind.rawValue) }
                    } catch {
                        outcomes.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(Set(outcomes.withLock { $0 }) == ["pooler"])
    }

    @Test func `a pooler that is changed to transaction mode later is noticed`() throws {
        let database = try TestDatabase(migrated: false)
        let pooler = try PrivatePooler(before: database, mode: "session")
        let connections = try (0..<4).map { _ in try connection(pooler.url) }
        for connection in connections { try connection.execute("select 1") }
        try pooler.change(to: "transaction")
        var kinds: Set<PostgresError.Kind> = []
        var isRight = true
        let isNoticed = poll(for: .seconds(20)) {
            for (index, connection) in connections.enumerated() {
                let answer = Result { try connection.rows("select \(index)", as: (Int).self) }
                switch answer {
                case .success(let rows):
                    isRight = isRight && rows == [index]
                    connection.close()
                case .failure(let error): if let error = error as? PostgresError { kinds.insert(error.kind) }
                }
            }
            return kinds.contains(.pooler)
        }
        #expect(isRight, "an answer was another's")
        #expect(isNoticed && kinds.isSubset(of: [.pooler, .unavailable, .connectionLost]), "\(kinds)")
    }

    @Test func `a start-up parameter that the pooler refuses is named as the cause`() throws {
        let database = try TestDatabase(migrated: false)
        let pooler = try PrivatePooler(before: database, mode: "session")
        let error = #expect(throws: PostgresError.self) {
            try connection("\(pooler.url)?options=-c%20jit%3Doff").execute("select 1")
        }
        #expect(error?.kind == .pooler)
    }

    @Test func `a program ends with 78, and the check of the tool says why`() throws {
        let database = try TestDatabase()
        let pooler = try PrivatePooler(before: database, mode: "transaction")
        let place = TemporaryFolder()
        defer { place.remove() }
        let settings = WebHarness.environment(pooler.url).map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
        var status: Int32 = 0
        let program =
            "env -i \(settings) OBSERVER_SPOOL=\(place.path)/spool timeout 30 \(UploadBinary.path) 2> \(place.path)/log"
        waitpid(try PrivateBroker.spawn(program), &status, 0)
        #expect(status >> 8 & 0xFF == 78)
        #expect(try Self.text("\(place.path)/log").contains("a pooler in transaction or statement mode"))
        let run = try ToolProgram.run("check --only database", environment: "OBSERVER_DATABASE_URL='\(pooler.url)'")
        #expect(run.code == 1 && run.output.contains("pooler in transaction"), "\(run.output)")
        let migrate = try ToolProgram.run("migrate --wait 30", environment: "OBSERVER_DATABASE_URL='\(pooler.url)'")
        #expect(migrate.code == 1 && migrate.errors.contains("pooler"), "\(migrate.errors)")
    }
}
