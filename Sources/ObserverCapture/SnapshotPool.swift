import System
import Lifecycle
import Logging
import Media
import ObserverCore

/// Encodes key frames as small JPEGs, on a thread of its own: decoding must not delay a recording.
final class SnapshotPool: Service {
    private struct Job: Sendable {
        var camera: CameraID
        var takenAt: Timestamp
        var snapshot: KeyFrame
    }

    let name = "snapshots"
    private let queue = BlockingQueue<Job>(limit: 64)
    private let statusWriter: StatusWriter
    private let logger: Logger

    init(statusWriter: StatusWriter, logger: Logger) {
        self.statusWriter = statusWriter
        self.logger = logger
    }

    /// Queues a key frame; it is dropped if too many wait, since another one follows.
    func take(_ snapshot: KeyFrame, at takenAt: Timestamp, of camera: CameraID) {
        queue.push(Job(camera: camera, takenAt: takenAt, snapshot: snapshot))
    }

    func run(until stop: StopSignal) {
        stop.onStop { [queue] in queue.close() }
        while !stop.isStopped {
            guard let job = queue.pop(within: .milliseconds(500)) else { continue }
            do throws(MediaError) {
                let jpeg = try SnapshotEncoder.jpeg(job.snapshot)
                statusWriter.put(snapshot: jpeg, takenAt: job.takenAt, of: job.camera)
            } catch {
                logger.debug(
                    "Snapshot not encoded",
                    [.cameraID: .int(Int(job.camera.rawValue)), .error: LogValue(error)]
                )
            }
        }
    }
}
