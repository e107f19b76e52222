import System
import AMQP
import Crypto
import Encodings
import Glibc
import Lifecycle
import Logging
import MP4
import Media
import ObserverCapture
import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import Postgres
import Spool
import TestSupport
import Testing

/// The whole recorder on a real database and a real broker, with simulated cameras.
@Suite(
    .enabled(if: CameraSimulator.isPossible && TestEnvironment.has(.database) && TestEnvironment.has(.amqp)),
    .timeLimit(.minutes(3)),
    .serialized
)
struct CaptureServiceTests {
    let simulator: CameraSimulator
    let database: TestDatabase
    let connection: PostgresConnection
    let recorder = "test-\(UInt32.random(in: 0 ... .max))"
    let root: String
    let key: SealingKey

    init() throws {
        simulator = try CameraSimulator.shared.get()
        database = try TestDatabase()
        connection = database.connect()
        root = "\(simulator.folder)/spool-\(recorder)"
        key = try SealingKey([UInt8](repeating: 7, count: 32))
    }

    /// Runs the recorder while `body` looks on; then it has stopped in order.
    private func running(_ body: () throws -> Void) throws {
        let configuration = try CaptureConfiguration(environment: [
            "OBSERVER_DATABASE_URL": try database.url(as: "capture"),
            "OBSERVER_AMQP_URL": try TestEnvironment.address(of: .amqp),
            "OBSERVER_KEY": [UInt8](repeating: 7, count: 32).base64, "OBSERVER_SPOOL": root,
            "OBSERVER_RECORDER": recorder, "OBSERVER_CAMERA_NETWORKS": "default,127.0.0.0/8",
            "OBSERVER_SNAPSHOT_SECONDS": "2",
        ])
        let logger = Logger(label: "capture", level: .warning)
        let group = RunningGroup(try CaptureService.stages(configuration, logger: logger), logger: logger)
        defer { group.end() }
        try body()
    }

    @discardableResult
    private func add(_ name: String, url: String, password: String? = nil) throws -> CameraID {
        let store = CameraStore(connection)
        let id = try store.reserveID()
        var settings = CameraSettings()
        settings.name = name
        settings.location = "Hall"
        settings.url = url
        settings.isActive = true
        settings.segmentSeconds = 2
        var sealed: [UInt8]?
        if let password {
            settings.username = "viewer"
            sealed = try key.seal(Array(password.utf8), for: "camera:\(id):password")
        }
        return try store.create(settings, id: id, sealedPassword: sealed).camera.id
    }

    private func status(_ id: CameraID) throws -> CameraStatus? {
        try CameraStore(connection).get(id)?.status
    }

    private func segments(_ id: CameraID) throws -> [Segment] {
        try SegmentStore(connection).list(.init(camera: id)).map(\.segment)
    }

    private func awaitState(_ id: CameraID, _ state: CameraState, _ seconds: Int) -> Bool {
        poll(for: .seconds(seconds), every: .milliseconds(50)) { try status(id)?.state == state }
    }

    /// All the segments are in the spool as their rows say, and follow each other without a hole.
    private func expectWhole(_ segments: [Segment]) throws {
        let spool = try Spool(at: root)
        for segment in segments {
            let committed = try spool.segment(segment.id)
            #expect(committed == segment)
            let summary = try FragmentedMP4.inspect(bytes: File.contents(of: spool.media(segment.id), limit: 1 << 28))
            #expect(summary.frames == segment.media.frames)
            #expect(summary.completeBytes == segment.media.bytes)
            #expect(
                CameraSimulator.shell("sha256sum \(spool.media(segment.id))").output.hasPrefix(segment.media.sha256)
            )
        }
        for (run, parts) in Dictionary(grouping: segments, by: \.header.run) {
            let ordered = parts.sorted { $0.header.sequence < $1.header.sequence }
            #expect(Set(ordered.map(\.media.initSHA256)).count == 1, "\(run)")
            for (before, after) in zip(ordered, ordered.dropFirst()) {
                #expect(after.header.sequence == before.header.sequence + 1)
                #expect(after.media.start90k == before.media.start90k + before.media.duration90k)
            }
        }
    }

    @Test func `cameras are recorded, committed and announced, and nothing is open after the stop`() throws {
        let first = try add("First", url: simulator.camera("one"))
        let second = try add("Second", url: simulator.camera("locked-two"), password: "test-password")
        try running {
            #expect(awaitState(first, .recording, 15) && awaitState(second, .recording, 15))
            let isRecorded = poll(for: .seconds(25)) { try segments(first).count >= 4 && segments(second).count >= 4 }
            #expect(isRecorded)
            let isShown = poll(for: .seconds(10)) {
                try StatusStore(connection).snapshot(of: first)?.jpeg.isEmpty == false
            }
            #expect(isShown)
            // Asked for, a picture shows a newer key frame, long before the next one is due.
            let statuses = StatusStore(connection)
            let before = try #require(try statuses.snapshot(of: first)?.takenAt)
            let broker = try AMQPConnection(try TestBroker.required(), name: "test-writer")
            defer { broker.close() }
            let wish = CameraWish(.snapshot, cameraID: first).message(recorder: recorder)
            let isNewer = poll(for: .seconds(1)) {
                _ = try AMQPPublisher(broker).publish(wish)
                return try statuses.snapshot(of: first).map { $0.takenAt > before } ?? false
            }
            #expect(isNewer)
        }
        for camera in [first, second] {
            let all = try segments(camera)
            try expectWhole(all)
            #expect(all.last?.end.reason == .stopped)
        }
        #expect(CameraSimulator.shell("ls \(root)/open").output.isEmpty)
        let spool = try Spool(at: root).id
        let announced = try AMQPTestQueue.bodies(in: Broker.uploadQueue(spool: spool), recorder: recorder, spool: spool)
        let ids = try Set(announced.map { try SegmentRecorded(body: $0).segment.id })
        #expect(ids == Set(try segments(first).map(\.id) + segments(second).map(\.id)))
    }

    @Test func `a camera that refused the password is opened at once when a person asks for it`() throws {
        simulator.fault("relents", "401")
        let camera = try add("Relents", url: simulator.camera("relents"))
        try running {
            #expect(awaitState(camera, .retrying, 15))
            let cause = try status(camera)?.cause
            #expect(cause == .unauthorized)
            simulator.fault("relents", "resume")
            let broker = try AMQPConnection(try TestBroker.required(), name: "test-writer")
            defer { broker.close() }
            _ = try AMQPPublisher(broker).publish(CameraWish(.connect, cameraID: camera).message(recorder: recorder))
            // Alone, it would wait for most of a minute.
            #expect(awaitState(camera, .recording, 15))
        }
    }

    @Test func `a camera that misbehaves gets its cause and a gap, and disturbs no other`() throws {
        let steady = try add("Steady", url: simulator.camera("steady"))
        let odd = try add("Odd", url: simulator.camera("odd"))
        try running {
            #expect(awaitState(steady, .recording, 15) && awaitState(odd, .recording, 15))
            simulator.fault("odd", "stall")
            #expect(awaitState(odd, .retrying, 15))
            let cause = try status(odd)?.cause
            #expect(cause == .stalled)
            simulator.fault("odd", "resume")
            #expect(awaitState(odd, .recording, 5))
            simulator.fault("odd", "404")
            simulator.fault("odd", "close")
            #expect(awaitState(odd, .retrying, 15))
            simulator.fault("odd", "resume")
            #expect(awaitState(odd, .recording, 5))
            let isClosed = poll(for: .seconds(5)) {
                let gaps = try GapStore(connection).list(
                    StreamID(odd, .main),
                    from: .init(microseconds: 0),
                    to: .farFuture
                )
                return gaps.count >= 2 && gaps.allSatisfy { $0.endedAt != nil }
            }
            #expect(isClosed)
        }
        try expectWhole(try segments(odd))
        let calm = try segments(steady)
        try expectWhole(calm)
        #expect(Set(calm.map(\.header.run)).count == 1)
    }

    @Test func `a camera that is switched off stops, and says so`() throws {
        let camera = try add("Switched", url: simulator.camera("switched"))
        try running {
            #expect(awaitState(camera, .recording, 15))
            _ = try CameraStore(connection).setActive(camera, false)
            #expect(awaitState(camera, .off, 8))
            let isEnded = poll(for: .seconds(15)) { try segments(camera).last?.end.reason == .stopped }
            #expect(isEnded)
            _ = try CameraStore(connection).setActive(camera, true)
            #expect(awaitState(camera, .recording, 10))
        }
    }

    private func gaps(_ id: CameraID) throws -> [Gap] {
        try GapStore(connection).list(StreamID(id, .main), from: .init(microseconds: 0), to: .farFuture)
    }

    @Test func `a disk that fails for long is a gap until it works again`() throws {
        let camera = try add("Disk", url: simulator.camera("disk"))
        try running {
            #expect(awaitState(camera, .recording, 15))
            // A file where the folder of open segments should be: nothing can be begun or finished.
            let broken = CameraSimulator.shell("mv \(root)/open \(root)/away && touch \(root)/open")
            #expect(broken.isGood)
            #expect(awaitState(camera, .retrying, 10))
            let cause = try status(camera)?.cause
            #expect(cause == .diskFailed)
            let isNoted = poll(for: .seconds(5)) { try gaps(camera).contains { $0.endedAt == nil } }
            #expect(isNoted)
            // Four key frames come, and each begins what cannot be written.
            let isLasting = poll(for: .seconds(4), every: .milliseconds(100)) {
                let open = try gaps(camera).filter { $0.endedAt == nil }
                return open.count != 1
            }
            #expect(!isLasting, "the gap was closed while nothing was written")
            #expect(CameraSimulator.shell("rm \(root)/open && mv \(root)/away \(root)/open").isGood)
            #expect(awaitState(camera, .recording, 10))
            let isClosed = poll(for: .seconds(5)) { try gaps(camera).allSatisfy { $0.endedAt != nil } }
            #expect(isClosed)
        }
        let all = try gaps(camera).filter { $0.cause == .diskFailed }
        let missing = all.map { ($0.endedAt?.milliseconds ?? 0) - $0.startedAt.milliseconds }.reduce(0, +)
        #expect(missing > 4000)
    }

    @Test func `what was recorded before the camera was lost to another process is no gap`() throws {
        let camera = try add("Taken", url: simulator.camera("taken"))
        try running {
            #expect(awaitState(camera, .recording, 15))
            let isRecorded = poll(for: .seconds(15)) { try segments(camera).count >= 3 }
            #expect(isRecorded)
            let store = RecorderStore(connection)
            // Another life under the same name, which ends at once.
            _ = try store.register(recorder, spool: try Spool(at: root).id, version: "0")
            let runs = try Set(segments(camera).map(\.header.run)).count
            let isBack = poll(for: .seconds(25)) { try Set(segments(camera).map(\.header.run)).count > runs }
            #expect(isBack)
        }
        let recorded = try segments(camera)
        let before = try #require(recorded.min { $0.startedAt < $1.startedAt })
        let ended = recorded.filter { $0.header.run == before.header.run }.map(\.endedAt).max() ?? before.endedAt
        let wrong = try gaps(camera).filter { gap in
            gap.startedAt.milliseconds < ended.milliseconds - 1500
                && (gap.endedAt ?? .farFuture).milliseconds > before.startedAt.milliseconds + 1500
        }
        #expect(wrong.isEmpty, "\(wrong)")
    }

    @Test func `a gap that was open when the camera was switched off ends there`() throws {
        let camera = try add("Resting", url: simulator.camera("resting"))
        let start = Timestamp(milliseconds: 1_700_000_000_000)
        let gap = Gap(stream: StreamID(camera, .main), epoch: 1, startedAt: start, cause: .noRecorder, detail: nil)
        try GapStore(connection).apply(.open(gap), recorder: recorder)
        _ = try CameraStore(connection).setActive(camera, false)
        let switched = try #require(try CameraStore(connection).wanted(camera).last?.to)
        try running {
            let isClosed = poll(for: .seconds(15)) { try gaps(camera).allSatisfy { $0.endedAt != nil } }
            #expect(isClosed)
        }
        #expect(try gaps(camera).map(\.endedAt?.milliseconds) == [switched.milliseconds])
    }

    @Test func `gaps that a dead process had decided reach the database, once`() throws {
        let camera = try add("Journal", url: simulator.camera("journal"))
        let start = Timestamp(milliseconds: 1_700_000_000_000)
        var gap = Gap(stream: StreamID(camera, .main), epoch: 1, startedAt: start, cause: .stalled, detail: "silent")
        gap.endedAt = start.advanced(bySeconds: 20)
        let journal = GapJournal(in: try Spool(at: root), recorder: recorder)
        journal.append([.close(gap), .close(gap)])
        try journal.flush()
        try running {
            #expect(awaitState(camera, .recording, 15))
            let isKnown = poll(for: .seconds(10)) { try gaps(camera).contains(gap) }
            #expect(isKnown)
        }
        let again = GapJournal(in: try Spool(at: root), recorder: recorder)
        try again.load()
        #expect(again.isEmpty)
    }

    @Test func `the time between two lives of a recorder is one gap`() throws {
        let camera = try add("Lives", url: simulator.camera("lives"))
        for _ in 0..<2 {
            try running {
                #expect(awaitState(camera, .recording, 15))
                _ = poll(for: .seconds(5)) { try segments(camera).count >= 2 }
            }
        }
        let recorded = try segments(camera).sorted { $0.startedAt < $1.startedAt }
        let second = try #require(recorded.firstIndex { $0.header.run != recorded[0].header.run })
        let all = try gaps(camera).filter { $0.startedAt > recorded[0].startedAt && $0.endedAt != nil }
        #expect(all.map(\.cause) == [.noRecorder])
        let gap = try #require(all.first)
        func distance(_ time: Timestamp?, _ other: Timestamp) -> Int64 {
            abs((time?.milliseconds ?? 0) - other.milliseconds)
        }
        #expect(distance(gap.startedAt, recorded[second - 1].endedAt) <= 200)
        #expect(distance(gap.endedAt, recorded[second].startedAt) <= 200)
        // The second life has ended as well.
        #expect(try gaps(camera).filter { $0.endedAt == nil }.map(\.cause) == [.noRecorder])
    }

    @Test func `a silence inside a connection is a gap`() throws {
        let camera = try add("Silent", url: simulator.camera("silent"))
        try running {
            #expect(awaitState(camera, .recording, 15))
            _ = poll(for: .seconds(5)) { try segments(camera).count >= 1 }
            simulator.fault("silent", "stall")
            _ = poll(for: .seconds(5)) { false }
            simulator.fault("silent", "resume")
            let isKnown = poll(for: .seconds(10)) { try gaps(camera).contains { $0.cause == .stalled } }
            #expect(isKnown)
        }
        let gap = try #require(try gaps(camera).first { $0.cause == .stalled })
        let length = (gap.endedAt?.milliseconds ?? 0) - gap.startedAt.milliseconds
        #expect((4000...6500).contains(length))
        #expect(try Set(segments(camera).map(\.header.run)).count == 1)
    }

    @Test func `an address where cameras may not be is not opened`() throws {
        let camera = try add("Metadata", url: "http://169.254.169.254/latest")
        try running {
            #expect(awaitState(camera, .retrying, 15))
            let cause = try status(camera)?.cause
            #expect(cause == .refused)
        }
    }
}

extension Timestamp {
    static let farFuture = Timestamp(milliseconds: 4_000_000_000_000)
}

/// Reads what lies in a queue.
enum AMQPTestQueue {
    static func bodies(in queue: String, recorder: String, spool: SpoolID) throws -> [[UInt8]] {
        let connection = try AMQPConnection(try TestBroker.required(), name: "test-reader")
        defer { connection.close() }
        try connection.declare(Broker.topology(recorder: recorder, spool: spool))
        let consumer = try AMQPConsumer(connection, queue: queue, prefetch: 500)
        var result: [[UInt8]] = []
        while let delivery = try consumer.next(within: .seconds(2)) { result.append(delivery.message.body) }
        return result
    }
}
