import Lifecycle
import Logging
import Media
import ObserverCore
import Spool
import System

/// Has `observer-media` create small JPEGs of the newest key frames, from a thread of its own: that must not delay a recording.
///
/// Key frames are read from the spool when a picture is wanted; nothing is kept of them but their places. The program runs for
/// a batch of pictures and ends a little later: between batches it would cost memory, and to start it for each one would cost
/// more than the picture. A camera whose key frame broke the program three times gets no pictures for an hour.
final class SnapshotPool: Service {
    /// A camera whose key frames lie in the spool.
    private struct Subject: Sendable {
        var place: KeyFramePlace
        /// The place of the key frame that was shown last.
        var shown: KeyFramePlace?
        /// True if a picture is made of the next key frame as soon as it is there: the newest one has left the spool.
        var isAwaited = false
        var quarantine = Quarantine()
    }

    /// The time for which the program stays, in case another picture is asked for: pages of cameras ask every few seconds.
    private static let idleLimit = Duration.seconds(8)

    let name = "snapshots"
    private let subjects = Lock<[CameraID: Subject]>([:])
    private let schedule: Monitor<SnapshotSchedule>
    private let spool: Spool
    private let processes: MediaProcesses
    private let statusWriter: StatusWriter
    private let logger: Logger

    /// Creates a pool.
    ///
    /// - Parameters:
    ///   - interval: The time between two pictures of a camera; nil for pictures only when asked for.
    ///   - spool: Where the key frames lie.
    ///   - processes: Start the program.
    ///   - statusWriter: Takes the pictures.
    ///   - logger: Takes failures.
    init(
        _ interval: Duration?,
        of spool: Spool,
        by processes: MediaProcesses,
        into statusWriter: StatusWriter,
        logger: Logger
    ) {
        schedule = Monitor(SnapshotSchedule(interval: interval))
        self.spool = spool
        self.processes = processes
        self.statusWriter = statusWriter
        self.logger = logger
    }

    /// Takes note of a key frame that has been written.
    func note(_ place: KeyFramePlace, of camera: CameraID) {
        let (isNew, isAwaited) = subjects.withLock { subjects in
            let before = subjects[camera]
            subjects[camera, default: Subject(place: place)].place = place
            subjects[camera]?.isAwaited = false
            return (before == nil, before?.isAwaited == true)
        }
        if isNew { schedule.withLock { $0.add(camera) } }
        if isAwaited { schedule.withLock { $0.ask(for: camera) } }
    }

    /// Asks for a picture of the newest key frame of a camera.
    ///
    /// If the last picture shows it, the database is told so. A camera without key frames is passed over: anything can stand in
    /// a message.
    func ask(for camera: CameraID) {
        guard subjects.withLock({ $0[camera] != nil }) else { return }
        schedule.withLock { $0.ask(for: camera) }
    }

    func run(until stop: StopSignal) {
        stop.onStop { [schedule] in schedule.withLock { _ in } }
        var process: StillsProcess?
        var idleSince = MonotonicInstant.now()
        while !stop.isStopped {
            let idleEnd = process == nil ? .distantFuture : idleSince + Self.idleLimit
            let deadline = min(schedule.withLock { $0.nextDue }, idleEnd)
            let cameras = schedule.take(until: deadline) { schedule -> [CameraID]? in
                if stop.isStopped { return [] }
                let cameras = schedule.take(at: .now())
                return cameras.isEmpty ? nil : cameras
            }
            if let cameras {
                for camera in cameras where !stop.isStopped { show(camera, by: &process) }
                idleSince = .now()
            } else if idleEnd.hasPassed {
                process?.leave()
                process = nil
            }
        }
        process?.leave()
    }

    /// Creates a picture of the newest key frame of a camera.
    private func show(_ camera: CameraID, by process: inout StillsProcess?) {
        guard let subject = subjects.withLock({ $0[camera] }), subject.quarantine.end(at: .now()) == nil else { return }
        if subject.place == subject.shown { return statusWriter.noteLook(at: camera) }
        let fields: [LogKey: LogValue] = [.cameraID: .int(Int(camera.rawValue))]
        do throws(MediaError) {
            guard let frame = try keyFrame(at: subject.place) else { return postpone(camera, after: subject.place) }
            let present: StillsProcess
            if let process { present = process } else { present = try StillsProcess(processes) }
            process = present
            statusWriter.put(snapshot: try present.picture(of: frame), takenAt: subject.place.takenAt, of: camera)
            subjects.withLock { $0[camera]?.shown = subject.place }
        } catch {
            let fields = fields.merging([.error: LogValue(error)]) { $1 }
            guard process?.hasBrokenDown == true else { return logger.debug("Snapshot not encoded", fields) }
            process = nil
            let isOver = subjects.withLock { subjects in
                subjects[camera]?.quarantine.breakDown(at: .now())
                return subjects[camera]?.quarantine.end(at: .now()) != nil
            }
            logger.warning(isOver ? "Camera gets no snapshots for an hour" : "Snapshot broke its program", fields)
        }
    }

    /// Puts the picture off until the next key frame.
    private func postpone(_ camera: CameraID, after place: KeyFramePlace) {
        let isThere = subjects.withLock { subjects in
            let isThere = subjects[camera]?.place != place
            subjects[camera]?.isAwaited = !isThere
            return isThere
        }
        if isThere { schedule.withLock { $0.ask(for: camera) } }
    }

    /// Reads a key frame; nil if its segment is no longer in the spool.
    private func keyFrame(at place: KeyFramePlace) throws(MediaError) -> KeyFrame? {
        do throws(SpoolError) {
            guard let bytes = try spool.bytes(of: place.segment, in: place.range) else { return nil }
            return KeyFrame(codec: place.codec, parameters: place.parameters, bytes: bytes)
        } catch {
            throw MediaError(.file, error.detail)
        }
    }
}
