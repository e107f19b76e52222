import TemporaryFolders
import Glibc
import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import Postgres
import Spool
import System
import Testing

@testable import ObserverCapture

/// The parts of a recorder's process on a spool of their own, without a database or a broker.
struct CaptureBench {
    private let folder = TemporaryFolder()
    var root: String { folder.path }
    let logger = Logger(label: "test", level: .error)
    let gate = WriteGate()
    let clock: SharedClock
    let writers: WriterPool
    let context: RecorderContext
    let committed = Monitor<[Segment]>([])
    let gaps = Monitor<[Gap]>([])
    let causes = Monitor<[CameraID: Cause]>([:])

    init(cameras: NetworkPolicy = .standard, clock: SharedClock = .ofMachine()) throws {
        self.clock = clock
        let spool = try Spool(at: folder.path)
        let logger = logger
        gate.set(Self.lease(sentAt: .now() + .seconds(3600)))
        let configuration = try PostgresConfiguration(url: "postgresql://127.0.0.1/x", applicationName: "test")
        let journal = GapJournal(in: spool, recorder: "test")
        let statusWriter = StatusWriter(configuration, journal: journal, clock: clock, recorder: "test", logger: logger)
        let processes = try MediaProcesses(logger: logger)
        let snapshots = SnapshotPool(nil, of: spool, by: processes, into: statusWriter, logger: logger)
        writers = WriterPool(
            spool: spool,
            clock: clock,
            gate: gate,
            threads: 1,
            snapshots: snapshots,
            logger: logger
        ) { [committed] segment in
            committed.withLock { $0.append(segment) }
        }
        context = RecorderContext(
            recorder: "test",
            spool: spool,
            prefix: "test",
            clock: clock,
            writers: writers,
            statusWriter: statusWriter,
            resolver: CameraResolver(policy: cameras),
            processes: processes,
            logger: logger
        )
    }

    /// Starts the writers.
    func startWriters(until stop: StopSignal) -> [DedicatedThread] {
        writers.services.map { service in
            DedicatedThread.start(name: service.name) {
                do { try service.run(until: stop) } catch { Issue.record(error) }
            }
        }
    }

    /// A recording of Motion JPEG that is wanted from now on.
    func recording(_ writeQueue: WriteQueue, framesPerSecond: Double) -> Recording {
        let video = VideoTrack(codec: .mjpeg, width: 64, height: 48, framesPerSecond: framesPerSecond)
        writeQueue.coverage.tell(.started(KnownCoverage(wantedSince: .now()), epoch: 1))
        return Recording(
            StreamDescription(video: video),
            camera: Self.camera(),
            epoch: { 1 },
            writeQueue: writeQueue,
            context: context
        )
    }

    /// Removes the spool.
    func remove() {
        folder.remove()
    }

    /// A lease with a beat of that moment.
    static func lease(sentAt: MonotonicInstant) -> Lease {
        var lease = Lease(name: "test")
        lease.registered(incarnation: 1, sentAt: sentAt)
        return lease
    }

    /// A way to the disk for a camera, whose gaps come to `gaps`, and the cause of its state to `causes`.
    func writeQueue(_ camera: CameraID) -> WriteQueue {
        let coverage = StreamCoverage(StreamID(camera, .main), recorder: "test", clock: clock, logger: logger) {
            [gaps, causes] (actions, _) in
            for case .gap(let change) in actions { gaps.withLock { $0.apply(change) } }
            for case .report(let status, _) in actions { causes.withLock { $0[camera] = status.cause } }
        }
        return WriteQueue(camera: camera, coverage: coverage)
    }

    /// A camera that is on.
    static func camera(_ url: String = "http://192.0.2.1/x", number: Int64 = 7) -> Camera {
        var settings = CameraSettings()
        settings.name = "Gate"
        settings.location = "Yard"
        settings.url = url
        settings.isActive = true
        settings.segmentSeconds = 2
        settings.transport = .auto
        return Camera(
            id: CameraID(rawValue: number),
            settings: settings,
            hasPassword: false,
            version: 1,
            createdAt: Timestamp(milliseconds: 0),
            updatedAt: Timestamp(milliseconds: 0)
        )
    }
}
