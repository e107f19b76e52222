import Lifecycle
import Logging
import Media
import ObserverCore
import Synchronization
import System

/// Has `observer-media` create small JPEGs of key frames, from a thread of its own: that must not delay a recording.
///
/// The process starts when there is something to do and ends after a minute without. A camera whose key frame broke it three times
/// gets no pictures for an hour.
final class SnapshotPool: Service {
    private struct Job: Sendable {
        var camera: CameraID
        var takenAt: Timestamp
        var frame: KeyFrame
    }

    /// Key frames beyond this wait for another turn.
    private static let byteLimit = 32 << 20
    private static let idleLimit = Duration.seconds(60)

    let name = "snapshots"
    private let queue = BlockingQueue<Job>(limit: 256)
    private let queuedBytes = Atomic(0)
    private let processes: MediaProcesses
    private let statusWriter: StatusWriter
    private let logger: Logger

    init(processes: MediaProcesses, statusWriter: StatusWriter, logger: Logger) {
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
        return true
    }

    func run(until stop: StopSignal) {
        stop.onStop { [queue] in queue.close() }
        var process: StillsProcess?
        var quarantines: [CameraID: Quarantine] = [:]
        while !stop.isStopped {
            guard let job = queue.pop(within: process == nil ? .seconds(3600) : Self.idleLimit) else {
                process?.leave()
                process = nil
                continue
            }
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
