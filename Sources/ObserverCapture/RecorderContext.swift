import Lifecycle
import Logging
import Media
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
    let processes: MediaProcesses
    let logger: Logger
    /// The memory of fragments on their way to the disk.
    let fragments = FragmentPool()
}
