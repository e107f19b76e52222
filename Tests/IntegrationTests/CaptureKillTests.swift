import Crypto
import Encodings
import Glibc
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System
import TestSupport
import Testing

/// The built `observer-capture`.
enum CaptureProgram {
    static var path: String { "\(TestEnvironment.repository)/.build/debug/observer-capture" }

    /// Starts a recorder of a name on a spool; what it says goes to `log`.
    static func start(_ name: String, spool: String, database: TestDatabase, log: String) throws -> pid_t {
        let script = """
            export OBSERVER_SPOOL='\(spool)' OBSERVER_DATABASE_URL='\(try database.url(as: "capture"))' OBSERVER_RECORDER=\(name)
            export OBSERVER_AMQP_URL='\(try TestEnvironment.address(of: .amqp))' OBSERVER_SNAPSHOT_SECONDS=0
            export OBSERVER_KEY='\([UInt8](repeating: 7, count: 32).base64)' OBSERVER_CAMERA_NETWORKS=default,127.0.0.0/8
            exec '\(path)' < /dev/null > /dev/null 2>> '\(log)'
            """
        return try PrivateBroker.spawn(script)
    }

    /// Kills a recorder and waits for its end.
    static func end(_ pid: pid_t) {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}

/// The program `observer-capture` on a real database and a real broker, killed in the middle of a recording.
@Suite(
    .enabled(if: CameraSimulator.isPossible && TestEnvironment.has(.database) && TestEnvironment.has(.amqp)),
    .enabled(if: TestEnvironment.has(program: CaptureProgram.path)),
    .timeLimit(.minutes(3)),
    .serialized
)
struct CaptureKillTests {
    let simulator: CameraSimulator
    let database: TestDatabase
    let connection: PostgresConnection
    let root: String

    init() throws {
        simulator = try CameraSimulator.shared.get()
        database = try TestDatabase()
        connection = database.connect()
        root = "\(simulator.folder)/spool-kill-\(UInt32.random(in: 0 ... .max))"
    }

    private func spawn() throws -> pid_t {
        try CaptureProgram.start("kill-test", spool: root, database: database, log: "\(root).log")
    }

    private func add(_ name: String, url: String) throws -> StreamID {
        var settings = CameraSettings()
        settings.name = name
        settings.location = "Hall"
        settings.url = url
        settings.isActive = true
        settings.segmentSeconds = 2
        return StreamID(try CameraStore(connection).create(settings).camera.id, .main)
    }

    /// The committed segments; their rows come when they are uploaded, and there is nobody to do that.
    private func segments(_ stream: StreamID) throws -> [Segment] {
        let spool = try Spool(at: root)
        return try spool.readyIDs().compactMap { try spool.segment($0) }
            .filter { $0.header.stream == stream }.sorted { $0.startedAt < $1.startedAt }
    }

    private func gaps(_ stream: StreamID) throws -> [Gap] {
        try GapStore(connection).newest(stream).sorted { $0.startedAt < $1.startedAt }
    }

    @Test func `after each kill the time between two lives is one gap, and a gap before it is kept`() throws {
        let steady = try add("Steady", url: simulator.camera("kill-steady"))
        let odd = try add("Odd", url: simulator.camera("kill-odd"))
        for life in 0..<3 {
            let pid = try spawn()
            defer { CaptureProgram.end(pid) }
            let runs = life + 1
            let isRecorded = poll(for: .seconds(25)) {
                try [steady, odd].allSatisfy { stream in
                    try Set(segments(stream).map(\.header.run)).count >= runs
                }
            }
            #expect(isRecorded, "life \(life)")
            simulator.fault("kill-odd", "404")
            simulator.fault("kill-odd", "close")
            let isKnown = poll(for: .seconds(20)) {
                try gaps(odd).contains { $0.endedAt == nil && $0.cause.side == .camera }
            }
            #expect(isKnown)
            if life < 2 { simulator.fault("kill-odd", "resume") }
        }
        let last = try spawn()
        defer { CaptureProgram.end(last) }
        simulator.fault("kill-odd", "resume")
        let isSettled = poll(for: .seconds(25)) {
            try gaps(odd).allSatisfy { $0.endedAt != nil } && gaps(steady).count == 4
        }
        #expect(isSettled)
        let recorded = try segments(steady)
        // The start, and three kills.
        #expect(try gaps(steady).map(\.cause) == [.noRecorder, .noRecorder, .noRecorder, .noRecorder])
        for gap in try gaps(steady).dropFirst() {
            let before = recorded.last { $0.startedAt < gap.startedAt }?.endedAt.milliseconds ?? 0
            #expect(abs(before - gap.startedAt.milliseconds) <= 200)
        }
        #expect(try gaps(odd).count { $0.cause.side == .camera } == 3)
    }

    /// Refuses connections to the database, and ends those that there are, but for the test's own.
    private func setAway(_ isAway: Bool) throws {
        let server = PostgresConnection(database.configuration.with(database: "postgres"))
        defer { server.close() }
        try server.execute("alter database \(unsafe: database.name) with allow_connections \(unsafe: "\(!isAway)")")
        guard isAway else { return }
        let statement: SQL = """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """
        _ = try connection.rows(statement, as: (Int).self)
    }

    @Test func `a gap that was decided while the database was away outlives a kill`() throws {
        let odd = try add("Odd", url: simulator.camera("kill-away"))
        let first = try spawn()
        defer { kill(first, SIGKILL) }
        let isRecorded = poll(for: .seconds(25)) { try !segments(odd).isEmpty }
        #expect(isRecorded)
        let isStarted = poll(for: .seconds(10)) { try gaps(odd).count == 1 }
        #expect(isStarted)
        try setAway(true)
        func journal(_ kind: String) -> Bool {
            poll(for: .seconds(20)) {
                let bytes = try File.contents(of: "\(root)/journal/kill-test.log")
                let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                return lines.last { $0.contains("kind") }?.contains("\"kind\":\"\(kind)\"") == true
            }
        }
        simulator.fault("kill-away", "404")
        simulator.fault("kill-away", "close")
        #expect(journal("open"))
        simulator.fault("kill-away", "resume")
        #expect(journal("close"))
        CaptureProgram.end(first)
        #expect(try gaps(odd).count == 1)
        try setAway(false)
        let second = try spawn()
        defer { CaptureProgram.end(second) }
        let isKnown = poll(for: .seconds(25)) { try gaps(odd).filter { $0.endedAt != nil }.count == 3 }
        #expect(isKnown)
        let causes = try gaps(odd).map(\.cause.side)
        #expect(causes == [.recorder, .camera, .recorder])
    }
}
