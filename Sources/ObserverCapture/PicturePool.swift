import Lifecycle
import Logging
import Media
import ObserverCore

/// Makes small JPEGs of key pictures, on a thread of its own: decoding must not delay a recording.
final class PicturePool: Sendable {
    private struct Job: Sendable {
        var camera: CameraID
        var takenAt: Timestamp
        var picture: KeyPicture
    }

    private let queue = BlockingQueue<Job>(limit: 64)
    private let bookkeeper: Bookkeeper
    private let logger: Logger

    init(bookkeeper: Bookkeeper, logger: Logger) {
        self.bookkeeper = bookkeeper
        self.logger = logger
    }

    /// Takes a picture; when too many wait it is left out, the next one comes.
    func take(_ picture: KeyPicture, at takenAt: Timestamp, of camera: CameraID) {
        queue.push(Job(camera: camera, takenAt: takenAt, picture: picture))
    }

    /// Works until stopped.
    func run(until stop: StopToken) {
        while !stop.isStopped {
            guard let job = queue.pop(within: .milliseconds(500)) else { continue }
            do throws(MediaError) {
                let jpeg = try KeyFramePicture.jpeg(job.picture)
                bookkeeper.put(picture: jpeg, takenAt: job.takenAt, of: job.camera)
            } catch {
                logger.debug("No picture", ["camera": .int(Int(job.camera.rawValue)), "error": LogValue(error)])
            }
        }
    }
}
