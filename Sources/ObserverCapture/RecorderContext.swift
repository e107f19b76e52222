import Lifecycle
import Logging
import Spool

/// The parts of the process that all its recorders share.
struct RecorderContext: Sendable {
    let recorder: String
    let spool: Spool
    let prefix: String
    /// Nil for no snapshots.
    let snapshotInterval: Duration?
    let writers: WriterPool
    let snapshots: SnapshotPool
    let statusWriter: StatusWriter
    let resolver: CameraResolver
    let logger: Logger
    /// Limits how many cameras are opened at the same time: two hundred that started together would all time out.
    ///
    /// A camera keeps connecting when its slot's lease has ended, so hung cameras cannot starve one that has recovered.
    let connecting = Semaphore(count: 16, lease: .seconds(1))
}
