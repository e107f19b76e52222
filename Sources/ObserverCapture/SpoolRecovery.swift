import Lifecycle
import Logging
import ObserverCore
import Spool
import System

/// Holds this recorder's lock on the spool and, at the start, completes what a killed process left open.
///
/// Fails to start if the spool cannot be used or another process has the recorder's name.
final class SpoolRecovery: Service {
    let name = "spool"
    private let spool: Spool
    private let recorder: String
    private let segmentPublisher: SegmentPublisher
    private let statusWriter: StatusWriter
    private let logger: Logger
    private let lock = Lock<RecorderLock?>(nil)
    private let latest = Lock<[CameraID: Timestamp]>([:])

    init(
        spool: Spool,
        recorder: String,
        segmentPublisher: SegmentPublisher,
        statusWriter: StatusWriter,
        logger: Logger
    ) {
        self.spool = spool
        self.recorder = recorder
        self.segmentPublisher = segmentPublisher
        self.statusWriter = statusWriter
        self.logger = logger
    }

    /// The end of the newest recovered segment of a camera.
    func recoveredUntil(_ camera: CameraID) -> Timestamp? {
        latest.withLock { $0[camera] }
    }

    func start() throws {
        let lock = try spool.lock(recorder: recorder)
        self.lock.withLock { $0 = lock }
        try spool.keepReserve()
        for result in try spool.recover(as: recorder) { report(result) }
    }

    /// Keeps the lock until stopped.
    func run(until stop: StopSignal) {
        stop.wait()
        lock.withLock { $0 = nil }
    }

    private func report(_ result: Recovered) {
        switch result {
        case .segment(let segment):
            logger.info(
                "Segment recovered",
                [.cameraID: .int(Int(segment.header.cameraID.rawValue)), .segmentID: .string(segment.id.description)]
            )
            let camera = segment.header.cameraID
            latest.withLock { $0[camera] = max($0[camera] ?? segment.endedAt, segment.endedAt) }
            segmentPublisher.publish(segment)
            statusWriter.add(segment)
        case .nothing(let draft):
            logger.warning(
                "Nothing to recover in file",
                [.cameraID: .int(Int(draft.cameraID.rawValue)), .segmentID: .string(draft.id.description)]
            )
        case .quarantined(let id, let error):
            logger.error(
                "Recovery refused; file put in quarantine",
                [.segmentID: .string(id.description), .error: LogValue(error)]
            )
        case .kept(let id, let error):
            logger.error(
                "Recovery failed; file kept",
                [.segmentID: .string(id.description), .error: LogValue(error)]
            )
        }
    }
}
