import System
import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.has(.database)), .timeLimit(.minutes(2)))
struct RecorderStoreTests {
    let database: TestDatabase
    let connection: PostgresConnection
    let cameras: CameraStore
    let recorders: RecorderStore
    let statuses: StatusStore

    init() throws {
        database = try TestDatabase()
        connection = database.connect()
        cameras = CameraStore(connection)
        recorders = RecorderStore(connection)
        statuses = StatusStore(connection)
    }

    private func register(_ id: String = "node-a") throws -> Int64 {
        try recorders.register(id, spool: Sample.spoolID, version: "1")
    }

    @Test func `a recorder that starts again has a new incarnation and its cameras are orphans`() throws {
        let camera = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        let first = try register()
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: first).map(\.epoch) == [1])
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: first).isEmpty)
        let second = try register()
        #expect(second == first + 1)
        #expect(try !recorders.heartbeat("node-a", incarnation: first))
        #expect(try recorders.heartbeat("node-a", incarnation: second))
        #expect(try recorders.assignedCameras(to: "node-a", incarnation: second).isEmpty)
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: first).isEmpty)
        let claim = RecorderStore.Claim(cameraID: camera, epoch: 2)
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: second) == [claim])
        #expect(try recorders.assignedCameras(to: "node-a", incarnation: second).map(\.epoch) == [2])
    }

    @Test func `each camera is claimed once when several recorders claim at the same time`() throws {
        for number in 0..<60 { _ = try cameras.create(Sample.camera("Camera \(number)")) }
        let names = (0..<4).map { "node-\($0)" }
        var incarnations: [Int64] = []
        for name in names { incarnations.append(try register(name)) }
        let claimed = Lock<[RecorderStore.Claim]>([])
        let threads = zip(names, incarnations).map { name, incarnation in
            DedicatedThread.start(name: name) { [database] in
                let store = RecorderStore(database.connect())
                var empty = 0
                while empty < 3 {
                    let claims = (try? store.claimOrphans(for: name, incarnation: incarnation, limit: 3)) ?? []
                    empty = claims.isEmpty ? empty + 1 : 0
                    claimed.withLock { $0 += claims }
                }
            }
        }
        threads.forEach { $0.join() }
        let claims = claimed.withLock { $0 }
        #expect(claims.count == 60 && Set(claims.map(\.cameraID)).count == 60)
        #expect(claims.allSatisfy { $0.epoch == 1 })
        #expect(try recorders.list().map(\.cameras.count).reduce(0, +) == 60)
    }

    @Test func `a silent recorder is fenced only by who saw its last heartbeat`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        let silent = try register("node-a")
        let other = try register("node-b")
        _ = try recorders.claimOrphans(for: "node-a", incarnation: silent)
        _ = try recorders.heartbeat("node-a", incarnation: silent)
        #expect(try !recorders.fence("node-a", incarnation: silent, heartbeat: 0))
        #expect(try recorders.fence("node-a", incarnation: silent, heartbeat: 1))
        #expect(try !recorders.heartbeat("node-a", incarnation: silent))
        #expect(try !recorders.heartbeat("node-a", incarnation: silent + 1))
        let claim = RecorderStore.Claim(cameraID: id, epoch: 2)
        #expect(try recorders.claimOrphans(for: "node-b", incarnation: other) == [claim])
    }

    @Test func `a recorder that ends in order frees its cameras and takes no more`() throws {
        _ = try cameras.create(Sample.camera())
        let incarnation = try register()
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: incarnation).count == 1)
        try recorders.release("node-a", incarnation: incarnation)
        #expect(try recorders.assignedCameras(to: "node-a", incarnation: incarnation).isEmpty)
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: incarnation).isEmpty)
    }

    @Test func `the cameras of a recorder that is ending may be claimed, and it hears who has them`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        let (ending, other) = (try register("node-a"), try register("node-b"))
        _ = try recorders.claimOrphans(for: "node-a", incarnation: ending)
        #expect(try recorders.claimOrphans(for: "node-b", incarnation: other).isEmpty)
        try recorders.drain("node-a", incarnation: ending)
        #expect(try recorders.claimOrphans(for: "node-a", incarnation: ending).isEmpty)
        let claim = RecorderStore.Claim(cameraID: id, epoch: 2, predecessor: "node-a")
        #expect(try recorders.claimOrphans(for: "node-b", incarnation: other) == [claim])
        #expect(try recorders.taken([id], from: "node-a").isEmpty)
        var status = CameraStatus(stream: StreamID(id, .main), epoch: 1, state: .recording, since: Sample.start)
        try statuses.write([status])
        #expect(try recorders.taken([id], from: "node-a").isEmpty)
        status.epoch = 2
        try statuses.write([status])
        #expect(try recorders.taken([id], from: "node-a") == [id])
        #expect(try recorders.taken([id], from: "node-b").isEmpty)
        // It changed its mind: it began again without the database.
        _ = try recorders.round("node-a", incarnation: ending, load: 0, isEnding: true)
        #expect(try recorders.row(of: "node-a")?.isDraining == true)
        _ = try recorders.round("node-a", incarnation: ending, load: 0)
        #expect(try recorders.row(of: "node-a")?.isDraining == false)
    }

    @Test func `a recorder that starts again keeps what nobody has claimed since`() throws {
        let ids = try (0..<3).map { try cameras.create(Sample.camera("C\($0)")).camera.id }
        let (first, other) = (try register("node-a"), try register("node-b"))
        _ = try recorders.claimOrphans(for: "node-a", incarnation: first)
        #expect(try recorders.handOver(ids[2], from: ("node-a", first), to: ("node-b", other)))
        #expect(try !recorders.handOver(ids[2], from: ("node-a", first), to: ("node-b", other)))
        #expect(try !recorders.handOver(ids[1], from: ("node-a", first), to: ("node-b", other + 1)))
        let row = try recorders.row(of: "node-a")
        let second = try #require(
            try recorders.register("node-a", spool: Sample.spoolID, version: "1", over: row, keeping: first)
        )
        let kept = try recorders.assignedCameras(to: "node-a", incarnation: second)
        #expect(kept.map(\.camera.id) == Array(ids.prefix(2)) && kept.map(\.epoch) == [2, 2])
        #expect(try recorders.assignedCameras(to: "node-b", incarnation: other).map(\.epoch) == [2])
        // The row is another one by now.
        let late = try recorders.register("node-a", spool: Sample.spoolID, version: "1", over: row, keeping: first)
        #expect(late == nil)
    }

    @Test func `a round tells of all recorders, and of changes of one's own cameras`() throws {
        _ = try cameras.create(Sample.camera())
        let (mine, other) = (try register("node-a"), try register("node-b"))
        let before = try recorders.round("node-a", incarnation: mine, load: nil)
        #expect(before.isCurrent && !before.hasBeaten && before.cameras == 1)
        #expect(before.recorders.map(\.id) == ["node-a", "node-b"] && before.recorders.map(\.cameras) == [0, 0])
        _ = try recorders.claimOrphans(for: "node-a", incarnation: mine)
        let after = try recorders.round("node-a", incarnation: mine, load: .infinity)
        #expect(after.hasBeaten && after.recorders.map(\.cameras) == [1, 0])
        #expect(after.assignmentsMark != before.assignmentsMark)
        #expect(try recorders.row(of: "node-a")?.heartbeat == 1)
        #expect(try recorders.fence("node-b", incarnation: other, heartbeat: 0))
        #expect(try !recorders.round("node-b", incarnation: other, load: 1).isCurrent)
    }

    @Test func `a recorder sees the password, the switch and the end of its cameras`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }, sealedPassword: [9]).camera.id
        let incarnation = try register()
        _ = try recorders.claimOrphans(for: "node-a", incarnation: incarnation)
        let assigned = try #require(try recorders.assignedCameras(to: "node-a", incarnation: incarnation).first)
        #expect(assigned.sealedPassword == [9] && assigned.camera.isActive && !assigned.isDeleted)
        _ = try cameras.setActive(id, false)
        #expect(try recorders.assignedCameras(to: "node-a", incarnation: incarnation).first?.camera.isActive == false)
        _ = try cameras.delete(id)
        let deleted = try #require(try recorders.assignedCameras(to: "node-a", incarnation: incarnation).first)
        #expect(deleted.isDeleted && deleted.camera.version > assigned.camera.version)
    }

    // MARK: What a camera is doing

    @Test func `what is shown follows the recorder while it lives`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        func shown() throws -> CameraStatus { try #require(try cameras.get(id)).status }
        #expect(try shown().state == .pending)

        let incarnation = try register()
        _ = try recorders.claimOrphans(for: "node-a", incarnation: incarnation)
        #expect(try shown().state == .pending)
        #expect(try cameras.get(id)?.owner == "node-a")

        var status = CameraStatus(
            stream: StreamID(id, .main),
            epoch: 1,
            state: .retrying,
            since: Sample.start,
            cause: .refused,
            recorder: "node-a"
        )
        status.detail = "refused\0" + String(repeating: "x", count: 2000)
        try statuses.write([status])
        #expect(try (shown().state, shown().cause, shown().since) == (.retrying, .refused, Sample.start))
        #expect(try shown().detail?.count == 1000)

        let video = VideoInfo(codec: "h264", width: 1920, height: 1080, fps: 25, bitrate: 4_000_000)
        let recorded = CameraStatus(
            stream: StreamID(id, .main),
            epoch: 1,
            state: .recording,
            since: Sample.start,
            recorder: "node-a",
            lastFrameAt: Sample.start,
            video: video,
            reconnects: 2,
            health: [HealthNote(.noKeyFrames, "set a shorter key-frame interval"), HealthNote(.audioLeftOut, "a\0b")]
        )
        var recording = recorded
        recording.health[1].detail = "ab"
        try statuses.write([
            recorded,
            CameraStatus(stream: StreamID(CameraID(rawValue: 999), .main), epoch: 1, state: .off, since: Sample.start),
        ])
        #expect(try shown() == recording)

        // The words of a newer recorder are passed over, and however many there are, the report is kept.
        try connection.execute("update camera_status set health = '[{\"cause\": \"smoke\", \"detail\": \"x\"}, 7]'")
        #expect(try shown().health == [])
        var many = recorded
        many.health = Array(repeating: HealthNote(.clock, String(repeating: "\u{1}", count: 2000)), count: 100)
        try statuses.write([many])
        #expect(try shown().health.count == 16)
        try statuses.write([recorded])

        // Switched off, but the recorder still records: the switch cannot lie.
        _ = try cameras.setActive(id, false)
        #expect(try shown().state == .recording)
        try statuses.write([
            CameraStatus(stream: StreamID(id, .main), epoch: 1, state: .off, since: Sample.start, recorder: "node-a")
        ])
        #expect(try (shown().state, shown().since, shown().recorder) == (.off, Sample.start, nil))
    }

    @Test func `a camera whose recorder is silent is unassigned`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        let incarnation = try register()
        _ = try recorders.claimOrphans(for: "node-a", incarnation: incarnation)
        try statuses.write([
            CameraStatus(
                stream: StreamID(id, .main),
                epoch: 1,
                state: .recording,
                since: Sample.start,
                recorder: "node-a"
            )
        ])
        try connection.execute("update recorders set heartbeat_at = now() - interval '16 seconds'")
        let listing = try #require(try cameras.get(id))
        #expect((listing.status.state, listing.status.cause, listing.owner) == (.unassigned, .noRecorder, nil))
        #expect(try cameras.list(CameraQuery(state: .unassigned)).count == 1)
        _ = try cameras.setActive(id, false)
        #expect(try cameras.get(id)?.status.state == .off)
        _ = try cameras.setActive(id, true)
        #expect(try recorders.heartbeat("node-a", incarnation: incarnation))
        #expect(try cameras.get(id)?.status.state == .recording)
    }

    @Test func `what an earlier life of a recorder said does not count`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        let first = try register()
        _ = try recorders.claimOrphans(for: "node-a", incarnation: first)
        try statuses.write([
            CameraStatus(
                stream: StreamID(id, .main),
                epoch: 1,
                state: .recording,
                since: Sample.start,
                recorder: "node-a"
            )
        ])
        let second = try register()
        #expect(try cameras.get(id)?.status.state == .unassigned)
        _ = try recorders.claimOrphans(for: "node-a", incarnation: second)
        #expect(try cameras.get(id)?.status.state == .pending)
    }

    @Test func `a report of an older epoch replaces none of a newer one`() throws {
        let id = try cameras.create(Sample.camera { $0.isActive = true }).camera.id
        func report(_ state: CameraState, _ epoch: Int64, _ kind: StreamKind = .main) throws -> Int {
            try statuses.write([
                CameraStatus(stream: StreamID(id, kind), epoch: epoch, state: state, since: Sample.start)
            ])
        }
        #expect(try report(.recording, 2) == 1)
        #expect(try report(.off, 1) == 0)
        #expect(try report(.off, 1, .sub) == 1)
        let state: SQL = "select state from camera_status order by stream"
        #expect(try connection.rows(state, as: (String).self) == ["recording", "off"])
        #expect(try report(.retrying, 2) == 1)
        #expect(try report(.connecting, 3) == 1)
        #expect(try connection.rows(state, as: (String).self) == ["connecting", "off"])
    }

    @Test func `figures that no camera can have don't make its report impossible`() throws {
        let id = try cameras.create(Sample.camera()).camera.id
        for (number, fps) in [(Int.max, Double.nan), (Int.min, -1), (0, .infinity), (1, 1e300)] {
            var status = CameraStatus(stream: StreamID(id, .main), epoch: 1, state: .recording, since: Sample.start)
            status.video = VideoInfo(codec: "h264", width: number, height: number, fps: fps, bitrate: number)
            status.reconnects = number
            #expect(try statuses.write([status]) == 1)
        }
    }

    // MARK: Snapshots

    @Test func `the newest snapshot stays`() throws {
        let id = try cameras.create(Sample.camera()).camera.id
        #expect(try statuses.snapshot(of: id) == nil)
        try statuses.putSnapshot([1, 2], takenAt: Sample.start, of: id)
        try statuses.putSnapshot([3], takenAt: Sample.start.advanced(bySeconds: -1), of: id)
        try statuses.putSnapshot([3], takenAt: Sample.start, of: CameraID(rawValue: 999))
        #expect(try statuses.snapshot(of: id) == StatusStore.Snapshot(takenAt: Sample.start, jpeg: [1, 2]))
        #expect(try cameras.get(id)?.snapshotAt == Sample.start)
    }
}
