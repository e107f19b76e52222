import Crypto
import Encodings
import Glibc
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

/// Recorders that share cameras, in one process and with times of ownership below a third of the real ones.
@Suite(
    .enabled(if: CameraSimulator.isPossible && TestEnvironment.has(.database) && TestEnvironment.has(.amqp)),
    .timeLimit(.minutes(3)),
    .serialized
)
struct FailoverTests {
    static let times = Lease.Times(
        beat: .milliseconds(400),
        look: .milliseconds(200),
        validity: .milliseconds(2100),
        silence: .seconds(3),
        pause: .milliseconds(1200),
        patience: .milliseconds(600),
        rebalance: .milliseconds(200),
        watch: .seconds(1),
        startAlone: .milliseconds(500)
    )

    let simulator: CameraSimulator
    let database: TestDatabase
    let connection: PostgresConnection
    let root: String

    init() throws {
        simulator = try CameraSimulator.shared.get()
        database = try TestDatabase()
        connection = database.connect()
        root = "\(simulator.folder)/spool-failover-\(UInt32.random(in: 0 ... .max))"
    }

    private func stages(_ name: String, spool: String? = nil, databaseURL: String? = nil) throws -> [Stage] {
        let configuration = try CaptureConfiguration(environment: [
            "OBSERVER_DATABASE_URL": try databaseURL ?? database.url(as: "capture"),
            "OBSERVER_AMQP_URL": try TestEnvironment.address(of: .amqp),
            "OBSERVER_KEY": [UInt8](repeating: 7, count: 32).base64, "OBSERVER_SPOOL": spool ?? "\(root)-\(name)",
            "OBSERVER_RECORDER": name, "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.0/8",
            "OBSERVER_SNAPSHOT_SECONDS": "0",
        ])
        return try CaptureService.stages(configuration, times: Self.times, logger: logger(name))
    }

    private func logger(_ name: String) -> Logger { Logger(label: name, level: .error) }

    private func run(_ name: String) throws -> RunningGroup {
        RunningGroup(try stages(name), logger: logger(name))
    }

    private func add(_ count: Int, _ prefix: String) throws -> [StreamID] {
        try (0..<count).map { number in
            var settings = CameraSettings()
            settings.name = "\(prefix) \(number)"
            settings.location = "Hall"
            settings.url = simulator.camera("\(prefix)-\(number)")
            settings.isActive = true
            settings.segmentSeconds = 2
            return StreamID(try CameraStore(connection).create(settings).camera.id, .main)
        }
    }

    /// The number of cameras that a recorder holds and records.
    private func recording(_ name: String) throws -> Int {
        let listing = try RecorderStore(connection).list().first { $0.id == name }
        return listing.map { $0.recording == $0.cameras.count ? $0.recording : 0 } ?? 0
    }

    private func segments(_ stream: StreamID, _ names: String...) throws -> [Segment] {
        try names.flatMap { name in
            let spool = try Spool(at: "\(root)-\(name)")
            return try spool.readyIDs().compactMap { try spool.segment($0) }
        }
        .filter { $0.header.stream == stream }.sorted { $0.startedAt < $1.startedAt }
    }

    /// The longest time in milliseconds for which none of the segments has the camera.
    private func longestHole(_ segments: [Segment]) -> Int64 {
        var (longest, covered) = (Int64(0), segments.first?.endedAt.milliseconds ?? 0)
        for segment in segments.dropFirst() {
            longest = max(longest, segment.startedAt.milliseconds - covered)
            covered = max(covered, segment.endedAt.milliseconds)
        }
        return longest
    }

    private func gaps(_ stream: StreamID) throws -> [Gap] {
        try GapStore(connection).newest(stream).sorted { $0.startedAt < $1.startedAt }
    }

    @Test func `cameras are shared with a recorder that joins, and taken over from one that ends, without a gap`()
        throws
    {
        let streams = try add(4, "share")
        let first = try run("first")
        let isRecorded = poll(for: .seconds(15)) { try recording("first") == 4 }
        #expect(isRecorded)
        let second = try run("second")
        let isShared = poll(for: .seconds(15)) { try recording("first") == 2 && recording("second") == 2 }
        #expect(isShared)
        first.end()
        let isTaken = poll(for: .seconds(10)) { try recording("second") == 4 }
        #expect(isTaken)
        let after = Timestamp.now()
        let isWritten = poll(for: .seconds(10)) {
            try streams.allSatisfy { try segments($0, "second").contains { $0.startedAt > after } }
        }
        #expect(isWritten)
        second.end()
        for stream in streams {
            let all = try segments(stream, "first", "second")
            #expect(longestHole(all) < 200, "\(stream.camera)")
            #expect(Set(all.map(\.header.epoch)).count == all.last.map { Int($0.header.epoch) })
            // One before the first recorder, one after the last.
            let causes = try gaps(stream).map(\.cause)
            #expect(causes == [.noRecorder, .noRecorder])
        }
    }

    @Test func `the second of two recorders of one name is refused`() throws {
        _ = try add(1, "name")
        let first = try run("twin")
        let isRecorded = poll(for: .seconds(15)) { try recording("twin") == 1 }
        #expect(isRecorded)
        let incarnation = try #require(try RecorderStore(connection).row(of: "twin")).incarnation
        // On another disk, as on another machine; the lock of the spool refuses one on the same.
        let others = [try stages("twin", spool: "\(root)-elsewhere"), try stages("twin")]
        for stages in others {
            #expect(
                ServiceGroup(logger: Logger(label: "test", level: .error), stages: stages).run(until: StopSignal()) == 1
            )
        }
        #expect(try RecorderStore(connection).row(of: "twin")?.incarnation == incarnation)
        first.end()
    }

    @Test func `a start without a database records what it had, and goes on when the database is back`() throws {
        let stream = try add(1, "alone")[0]
        let before = try run("alone")
        let isRecorded = poll(for: .seconds(15)) { try segments(stream, "alone").count >= 1 }
        #expect(isRecorded)
        before.end()
        let former = try #require(try RecorderStore(connection).row(of: "alone"))
        let (count, start) = (try segments(stream, "alone").count, Timestamp.now())
        let (proxy, url) = try proxy()
        defer { proxy.stop() }
        proxy.set(.stall)
        let after = RunningGroup(try stages("alone", databaseURL: url), logger: logger("alone"))
        let isAlone = poll(for: .seconds(15)) { try segments(stream, "alone").count >= count + 2 }
        #expect(isAlone)
        proxy.set(.pass)
        let isBack = poll(for: .seconds(10)) { try recording("alone") == 1 }
        #expect(isBack)
        let segment = try segments(stream, "alone").count
        let isGoingOn = poll(for: .seconds(10)) { try segments(stream, "alone").count >= segment + 2 }
        #expect(isGoingOn)
        // The kept incarnation, and one connection to the camera.
        #expect(try RecorderStore(connection).row(of: "alone")?.incarnation == former.incarnation)
        #expect(try Set(segments(stream, "alone").filter { $0.startedAt > start }.map(\.header.run)).count == 1)
        let isAccounted = poll(for: .seconds(10)) { try gaps(stream).allSatisfy { $0.endedAt != nil } }
        #expect(isAccounted)
        after.end()
        #expect(try gaps(stream).allSatisfy { $0.cause == .noRecorder })
    }

    @Test
    func
        `a database that is away for all changes nothing; away for one, that one lets go when others have its cameras`()
        throws
    {
        let streams = try add(2, "cut")
        let (proxy, url) = try proxy()
        defer { proxy.stop() }
        let cut = RunningGroup(try stages("cut", databaseURL: url), logger: logger("cut"))
        let isRecorded = poll(for: .seconds(15)) { try recording("cut") == 2 }
        #expect(isRecorded)
        let (otherProxy, otherURL) = try self.proxy()
        defer { otherProxy.stop() }
        let whole = RunningGroup(try stages("whole", databaseURL: otherURL), logger: logger("whole"))
        let isShared = poll(for: .seconds(15)) { try recording("cut") == 1 && recording("whole") == 1 }
        #expect(isShared)
        // Away for both, for longer than a lease: nothing changes.
        let assigned: SQL = "select camera_id, epoch from assignments order by camera_id"
        let before = try connection.rows(assigned, as: (CameraID, Int64).self).map(\.1)
        for proxy in [proxy, otherProxy] { proxy.set(.stall) }
        _ = poll(for: .seconds(5)) { false }
        for proxy in [proxy, otherProxy] { proxy.set(.pass) }
        let hasChanged = poll(for: .seconds(3)) {
            try recording("cut") != 1 || connection.rows(assigned, as: (CameraID, Int64).self).map(\.1) != before
        }
        #expect(!hasChanged, "an outage changed who has the cameras")
        proxy.set(.stall)
        let isTaken = poll(for: .seconds(15)) { try recording("whole") == 2 }
        #expect(isTaken)
        let taken = Timestamp.now()
        let isAhead = poll(for: .seconds(10)) {
            try streams.allSatisfy {
                try (segments($0, "whole").last?.startedAt ?? taken) > taken.advanced(bySeconds: 3)
            }
        }
        #expect(isAhead)
        for stream in streams {
            let last = try segments(stream, "cut").last?.endedAt ?? taken
            #expect(last < taken.advanced(bySeconds: 2), "it goes on although others have the camera")
        }
        proxy.set(.pass)
        let isBack = poll(for: .seconds(20)) { try recording("cut") == 1 && recording("whole") == 1 }
        #expect(isBack)
        cut.end()
        whole.end()
    }

    /// The database behind a proxy.
    private func proxy() throws -> (FaultProxy, url: String) {
        let server = try #require(database.configuration.servers.first)
        let proxy = try FaultProxy(to: "\(server.host):\(server.port)")
        let url = try database.url(as: "capture")
        return (proxy, url.split(separator: ":\(server.port)").joined(separator: ":\(proxy.port)"))
    }
}
