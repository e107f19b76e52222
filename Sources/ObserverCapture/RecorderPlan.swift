import Crypto
import Lifecycle
import Logging
import ObserverCore
import Spool

/// What all recorders of a process share.
final class RecorderContext: Sendable {
    let recorder: String
    let spool: Spool
    let prefix: String
    /// Nil: no snapshots.
    let snapshotInterval: Duration?
    let writers: WriterPool
    let snapshots: SnapshotPool
    let statusWriter: StatusWriter
    let resolver: CameraResolver
    /// Limits how many cameras are opened at the same time: two hundred that started together would all time out.
    ///
    /// A camera keeps connecting when its slot's lease has ended, so hung cameras cannot starve one that has recovered.
    let connecting = Semaphore(count: 16, lease: .seconds(1))
    let logger: Logger

    init(
        recorder: String,
        spool: Spool,
        prefix: String,
        snapshotInterval: Duration?,
        writers: WriterPool,
        snapshots: SnapshotPool,
        statusWriter: StatusWriter,
        resolver: CameraResolver,
        logger: Logger
    ) {
        self.recorder = recorder
        self.spool = spool
        self.prefix = prefix
        self.snapshotInterval = snapshotInterval
        self.writers = writers
        self.snapshots = snapshots
        self.statusWriter = statusWriter
        self.resolver = resolver
        self.logger = logger
    }
}

/// What to record, and how.
struct RecorderPlan: Sendable {
    var camera: Camera
    var password: Secret?
    var epoch: Int64
    /// From when on the camera should have been recorded.
    var uncoveredSince: Timestamp?
    /// How long to wait before the first attempt, so that many cameras do not begin together.
    var delay = Duration.zero

    /// Whether a running recorder can go on under the other plan: nothing that matters to it differs.
    func isSame(as other: RecorderPlan) -> Bool {
        camera.url == other.camera.url && camera.username == other.camera.username && password == other.password
            && camera.segmentSeconds == other.camera.segmentSeconds && camera.transport == other.camera.transport
            && camera.audio == other.camera.audio
    }
}

/// Why a recorder ends.
enum RecorderEnding: Sendable {
    /// The camera was switched off or deleted.
    case off
    /// Another recorder of this process takes over, because the camera was changed.
    case replaced
    /// Another process has the camera.
    case lost
    /// The process ends.
    case shutdown
}
