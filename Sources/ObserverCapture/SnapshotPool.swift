import Lifecycle
import Logging
import Media
import ObserverCore
import Synchronization
import System

/// Has `observer-media` create small JPEGs of key frames, from a thread of its own: that must not delay a recording.
///
/// The process runs for a batch of key frames and ends: between batches it would cost memory, and to start it for each one
/// would cost more than the picture. The first of a camera hurries. A camera whose key frame broke the process three times gets
/// no pictures for an hour.
final class SnapshotPool: Service {
    private struct Job: Sendable {
        var camera: CameraID
        var takenAt: Timestamp
        var frame: KeyFrame
    }

    /// Key frames beyond this wait for another turn.
    private static let byteLimit = 32 << 20
    private static let idleLimit = Duration.seconds(2)
    /// The share of the time between two pictures of a camera in which a batch gathers.
    private static let batchShare = 10

    let name = "snapshots"
    private let queue = BlockingQueue<Job>(limit: 256)
    private let queuedBytes = Atomic(0)
    private let batchTime: Duration
    private let known = Lock<Set<CameraID>>([])
    /// True if somebody waits for a picture.
    private let isUrgent = Monitor(false)
    private let processes: MediaProcesses
    private let statusWriter: StatusWriter
    private let logger: Logger

    /// Creates a pool; `interval` is the time between two pictures of a camera.
    init(interval: Duration?, processes: MediaProcesses, statusWriter: StatusWriter, logger: Logger) {
        batchTime = (interval ?? .zero) / Self.batchShare
        self.processes = processes
        self.statusWriter = statusWriter
        self.logger = logger
    }

    /// Queues a key frame; returns false if too many wait.
    func take(_ frame: KeyFrame, at takenAt: Timestamp, of camera: CameraID) -> Bool {
        let count = frame.bytes.count
        guard queuedBytes.load(ordering: .relaxed) < Self.byteLimit,
            queue.push(Job(camera: camera, takenAt: takenAt, frame: frame))
        else { return false }
        queuedBytes.add(count, ordering: .relaxed)
        if known.withLock({ $0.insert(camera).inserted }) { isUrgent.withLock { $0 = true } }
        return true
    }

    func run(until stop: StopSignal) {
        stop.onStop { [queue, isUrgent] in
            queue.close()
            isUrgent.withLock { $0 = true }
        }
        var process: StillsProcess?
        var quarantines: [CameraID: Quarantine] = [:]
        while !stop.isStopped {
            guard let job = queue.pop(within: process == nil ? .seconds(3600) : Self.idleLimit) else {
                process?.leave()
                process = nil
                continue
            }
            if process == nil { _ = isUrgent.wait(until: .now() + batchTime) { $0 } }
            isUrgent.withLock { $0 = false }
            queuedBytes.subtract(job.frame.bytes.count, ordering: .relaxed)
            guard quarantines[job.camera]?.end(at: .now()) == nil else { continue }
            do throws(MediaError) {
                let present: StillsProcess
                if let process { present = process } else { present = try StillsProcess(processes) }
                process = present
                statusWriter.put(snapshot: try present.picture(of: job.frame), takenAt: job.takenAt, of: job.camera)
            } catch {
                let fields: [LogKey: LogValue] = [
                    .cameraID: .int(Int(job.camera.rawValue)), .error: LogValue(error),
                ]
                guard process?.hasBrokenDown == true else {
                    logger.debug("Snapshot not encoded", fields)
                    continue
                }
                process = nil
                quarantines[job.camera, default: Quarantine()].breakDown(at: .now())
                let isOver = quarantines[job.camera]?.end(at: .now()) != nil
                logger.warning(isOver ? "Camera gets no snapshots for an hour" : "Snapshot broke its program", fields)
            }
        }
        process?.leave()
    }
}
