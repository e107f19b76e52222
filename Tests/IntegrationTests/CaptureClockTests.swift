import Encodings
import Lifecycle
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import Spool
import System
import TestSupport
import Testing

@testable import ObserverCapture

/// The whole recorder on a machine whose clock is wrong, with a database whose clock is right.
@Suite(
    .enabled(if: CameraSimulator.isPossible && TestEnvironment.has(.database) && TestEnvironment.has(.amqp)),
    .timeLimit(.minutes(3)),
    .serialized
)
struct CaptureClockTests {
    private let simulator: CameraSimulator
    private let database: TestDatabase
    private let connection: PostgresConnection
    private let recorder = "clock-\(UInt32.random(in: 0 ... .max))"
    private let root: String
    /// The error of the machine's clock in seconds.
    private let error = Lock<Int64>(0)

    init() throws {
        simulator = try CameraSimulator.shared.get()
        database = try TestDatabase()
        connection = database.connect()
        root = "\(simulator.folder)/spool-\(recorder)"
    }

    private func running(_ body: () throws -> Void) throws {
        let configuration = try CaptureConfiguration(environment: [
            "OBSERVER_DATABASE_URL": try database.url(as: "capture"),
            "OBSERVER_AMQP_URL": try TestEnvironment.address(of: .amqp),
            "OBSERVER_KEY": [UInt8](repeating: 7, count: 32).base64, "OBSERVER_SPOOL": root,
            "OBSERVER_RECORDER": recorder, "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.0/8",
            "OBSERVER_SNAPSHOT_SECONDS": "0",
        ])
        let logger = Logger(label: "capture", level: .error)
        let stages = try CaptureService.stages(configuration, times: Lease.Times(), logger: logger) { [error] in
            let now = SystemClock.read()
            let seconds = now.wall.seconds + error.withLock { $0 }
            return .init(wall: WallTime(seconds: seconds, nanoseconds: now.wall.nanoseconds), instant: now.instant)
        }
        let group = RunningGroup(stages, logger: logger)
        defer { group.end() }
        try body()
    }

    private func add(_ name: String) throws -> CameraID {
        let store = CameraStore(connection)
        var settings = CameraSettings()
        (settings.name, settings.location, settings.isActive) = (name, "Hall", true)
        (settings.url, settings.segmentSeconds) = (simulator.camera(name), 2)
        return try store.create(settings, id: try store.reserveID(), sealedPassword: nil).camera.id
    }

    private func segments(_ id: CameraID) throws -> [Segment] {
        try SegmentStore(connection).list(.init(camera: id)).map(\.segment)
    }

    @Test(arguments: [365 * 86_400, -1_790_000_000])
    func `a clock that is wrong, right, and wrong again is never seen in the catalogue`(wrong: Int64) throws {
        let begun = Timestamp.now()
        let camera = try add("clock\(wrong > 0 ? "ahead" : "behind")")
        error.withLock { $0 = wrong }
        func awaitSegments(_ count: Int) throws {
            #expect(poll(for: .seconds(30), every: .milliseconds(100)) { try segments(camera).count >= count })
        }
        try running {
            try awaitSegments(2)
            #expect(
                poll(for: .seconds(20)) {
                    try CameraStore(connection).get(camera)?.status.health.map(\.cause) == [.clock]
                }
            )
            error.withLock { $0 = 0 }
            try awaitSegments(8)
            error.withLock { $0 = -wrong / 3 }
            try awaitSegments(11)
        }
        let now = Timestamp.now()
        let found = try segments(camera)
        for (before, after) in zip(found, found.dropFirst()) {
            #expect((-200...200).contains(after.startedAt.milliseconds - before.endedAt.milliseconds))
        }
        #expect(found.allSatisfy { $0.startedAt > begun && $0.endedAt <= now })
        #expect(found.first?.end.flags.contains(.wallStep) == true)
        #expect(found.contains { !$0.end.flags.contains(.wallStep) })
        let day = TimeSpan(from: begun, to: now)
        let timeline = try #require(try TimelineStore(connection).timeline(of: camera, day, now: now))
        #expect(timeline.unexplained.isEmpty)
        #expect(timeline.gaps.allSatisfy { $0.span.start >= begun.milliseconds && $0.span.end <= now.milliseconds })
        let gaps: SQL = "select count(*) from gaps where camera_id = \(camera) and started_at > \(now)"
        #expect(try connection.rows(gaps, as: (Int).self) == [0])
    }

    @Test func `the database's clock is heard with each round`() throws {
        let store = RecorderStore(connection)
        let before = Timestamp.now()
        let heard = try #require(try store.time())
        let incarnation = try #require(try store.register(recorder, spool: .makeRandom(), version: "0", over: nil))
        let round = try store.round(recorder, incarnation: incarnation, load: 0)
        let time = try #require(round.time)
        #expect(before.advanced(byMilliseconds: -100) < heard && heard <= time)
        #expect(time < Timestamp.now().advanced(byMilliseconds: 100))
    }
}
