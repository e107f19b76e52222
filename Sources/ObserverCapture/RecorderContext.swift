import Lifecycle
import Logging
import Media
import ObserverConfiguration
import Spool

/// The parts of the process that all its recorders share.
struct RecorderContext: Sendable {
    let recorder: String
    let spool: Spool
    let prefix: String
    let clock: SharedClock
    let writers: WriterPool
    let statusWriter: StatusWriter
    let resolver: CameraResolver
    let processes: MediaProcesses
    let logger: Logger
    /// The ways to those who watch.
    var live = LiveChannels()
    /// The memory of fragments on their way to the disk.
    let fragments = FragmentPool()
}

extension RecorderContext {
    /// Creates the context of a process with these settings.
    init(
        _ configuration: CaptureConfiguration,
        spool: Spool,
        clock: SharedClock,
        writers: WriterPool,
        statusWriter: StatusWriter,
        resolver: CameraResolver,
        processes: MediaProcesses,
        live: LiveChannels,
        logger: Logger
    ) {
        self.init(
            recorder: configuration.recorder,
            spool: spool,
            prefix: configuration.prefix,
            clock: clock,
            writers: writers,
            statusWriter: statusWriter,
            resolver: resolver,
            processes: processes,
            logger: logger,
            live: live
        )
    }
}
