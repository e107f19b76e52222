import Encodings
import Glibc
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System
import TestSupport
import Testing

/// Two processes of `observer-capture` with the real times: one is frozen, killed and started again.
@Suite(
    .enabled(if: CameraSimulator.isPossible && TestEnvironment.has(.database) && TestEnvironment.has(.amqp)),
    .enabled(if: TestEnvironment.has(program: CaptureProgram.path)),
    .timeLimit(.minutes(3)),
    .serialized
)
struct FailoverProgramTests {
    let simulator: CameraSimulator
    let database: TestDatabase
    let connection: PostgresConnection
    let root: String

    init() throws {
        simulator = try CameraSimulator.shared.get()
        database = try TestDatabase()
        connection = database.connect()
        root = "\(simulator.folder)/spool-two-\(UInt32.random(in: 0 ... .max))"
    }

    /// Both on one spool, as several processes on one machine are.
    private func spawn(_ name: String) throws -> pid_t {
        try CaptureProgram.start(name, spool: root, database: database, log: "\(root)-\(name).log")
    }

    private func recording(_ name: String) throws -> Int {
        let listing = try RecorderStore(connection).list().first { $0.id == name }
        return listing.map { $0.recording == $0.cameras.count ? $0.recording : 0 } ?? 0
    }

    private func cameras(_ name: String) throws -> Set<CameraID> {
        Set(try RecorderStore(connection).list().first { $0.id == name }?.cameras ?? [])
    }

    private func segments(of recorder: String) throws -> [Segment] {
        let spool = try Spool(at: root)
        return try spool.readyIDs().compactMap { try spool.segment($0) }
            .filter { $0.header.origin.recorder == recorder }
    }

    @Test
    func `the cameras of a recorder that freezes or dies are recorded elsewhere, and those of one that returns again`()
        throws
    {
        for number in 0..<4 {
            var settings = CameraSettings()
            settings.name = "Camera \(number)"
            settings.location = "Hall"
            settings.url = simulator.camera("two-\(number)")
            settings.isActive = true
            settings.segmentSeconds = 2
            _ = try CameraStore(connection).create(settings)
        }
        var one = try spawn("one")
        defer { CaptureProgram.end(one) }
        let two = try spawn("two")
        defer { CaptureProgram.end(two) }
        let isShared = poll(for: .seconds(20)) { try recording("one") == 2 && recording("two") == 2 }
        #expect(isShared)

        kill(one, SIGSTOP)
        let (frozen, wakes) = (Timestamp.now(), MonotonicInstant.now() + .seconds(25))
        let isTaken = poll(for: .seconds(20)) { try recording("two") == 4 }
        #expect(isTaken)
        let open = try Spool(at: root).leftOpen(by: "one").map(\.header.id)
        #expect(open.count == 2)
        _ = poll(for: wakes - MonotonicInstant.now()) { false }
        kill(one, SIGCONT)
        // It registers again and gets its share back, and what it had open ends where it froze.
        let isBack = poll(for: .seconds(15)) { try recording("one") == 2 && recording("two") == 2 }
        #expect(isBack)
        let ended = try segments(of: "one").filter { open.contains($0.id) }
        #expect(ended.count == 2 && ended.allSatisfy { $0.endedAt < frozen.advanced(bySeconds: 2) }, "\(ended)")

        let before = try cameras("one")
        CaptureProgram.end(one)
        let killed = MonotonicInstant.now()
        one = try spawn("one")
        let isRestarted = poll(for: .seconds(8)) {
            try recording("one") == 2 && segments(of: "one").contains { $0.startedAt > frozen.advanced(bySeconds: 26) }
                && CameraStore(connection).list(CameraQuery(state: .recording)).count == 4
        }
        #expect(isRestarted, "\(MonotonicInstant.now() - killed)")
        #expect(try cameras("one") == before)
    }
}
