import AMQP
package import Lifecycle
package import Logging
package import ObserverConfiguration
import ObserverMessages
import ObserverStore
import Spool
import System

/// The composition of `observer-capture`.
package enum CaptureService {
    /// The number of messages that wait for the broker; segments beyond it are found by the uploader's sweep.
    private static let publishLimit = 10_000

    /// Composes the services; only the spool's folders are created.
    ///
    /// Shutdown order: recorders, writers, the lease, then pending reports and announcements. It takes 18 s at most if disk,
    /// database and broker answer, 10 s of which are for handing cameras over, and 30 s in any case.
    ///
    /// - Throws: `SpoolError` if the spool cannot be used.
    package static func stages(_ configuration: CaptureConfiguration, logger: Logger) throws -> [Stage] {
        try stages(configuration, times: Lease.Times(), logger: logger)
    }

    /// Composes the services with other times of ownership and another clock of the machine, for tests.
    static func stages(
        _ configuration: CaptureConfiguration,
        times: Lease.Times,
        logger: Logger,
        readClock: @escaping @Sendable () -> SystemClock.Reading = SystemClock.read
    ) throws -> [Stage] {
        ProcessMemory.limitArenas()
        // Each camera takes a few.
        ProcessDescriptors.raiseLimit()
        let logger = logger.with([.recorderID: .string(configuration.recorder)])
        logger.info("Starting", [.spoolPath: .string(configuration.spool)])
        let spool = try Spool(at: configuration.spool)
        let clock = SharedClock(in: spool, logger: logger, read: readClock)
        return try compose(configuration, spool: spool, clock: clock, times: times, logger: logger)
    }

    private static func compose(
        _ configuration: CaptureConfiguration,
        spool: Spool,
        clock: SharedClock,
        times: Lease.Times,
        logger: Logger
    ) throws -> [Stage] {
        let topology = Broker.topology(recorder: configuration.recorder, spool: spool.id)
        let publisher = publisher(configuration, in: topology, logger: logger)
        let journal = GapJournal(in: spool, recorder: configuration.recorder)
        let statusWriter = statusWriter(configuration, journal: journal, clock: clock, logger: logger)
        let segmentPublisher = SegmentPublisher(publisher, statusWriter: statusWriter, logger: logger)
        let recovery = recovery(configuration, of: spool, by: clock, in: journal, to: segmentPublisher, logger: logger)
        let ownership = Ownership(name: configuration.recorder, times: times)
        let processes = try MediaProcesses(logger: logger)
        let interval = configuration.snapshotInterval
        let snapshots = SnapshotPool(interval, of: spool, by: processes, into: statusWriter, logger: logger)
        let writers = WriterPool(
            spool: spool,
            clock: clock,
            gate: ownership.gate,
            threads: 2,
            snapshots: snapshots,
            logger: logger,
            onCommit: segmentPublisher.announce
        )
        let resolver = CameraResolver(policy: configuration.networks, ownServers: configuration.ownServers)
        let loops = try loops(logger)
        let live = try LiveServer(configuration, spool: spool, clock: clock, logger: logger)
        let reconciler = CaptureReconciler(
            context: RecorderContext(
                configuration,
                spool: spool,
                clock: clock,
                writers: writers,
                statusWriter: statusWriter,
                resolver: resolver,
                processes: processes,
                live: live.channels,
                logger: logger
            ),
            loops: loops,
            ownership: ownership,
            database: configuration.database,
            key: configuration.sealingKey,
            knowledge: CoverageReader(recovery: recovery, journal: journal, clock: clock),
            segmentPublisher: segmentPublisher
        )
        let notifications = notifications(configuration, in: topology, for: reconciler, and: snapshots, logger: logger)
        let lease = LeaseService(
            configuration,
            spool: spool,
            ownership: ownership,
            clock: clock,
            publisher: publisher,
            logger: logger,
            silence: { notifications.newestSilence },
            onChange: reconciler.wake
        )
        let helpers: [any Service] = [processes, snapshots, resolver, live]
        return [
            Stage("spool", shutdownLimit: .milliseconds(500), services: [recovery, clock]),
            Stage("reports", shutdownLimit: .seconds(6), services: [publisher] + statusWriter.services),
            Stage("lease", shutdownLimit: .seconds(1), services: lease.services),
            Stage("writers", shutdownLimit: .seconds(4), services: writers.services),
            Stage("helpers", shutdownLimit: .milliseconds(500), services: helpers),
            Stage("loops", shutdownLimit: .milliseconds(500), services: loops),
            Stage("recorders", shutdownLimit: .seconds(17), services: [reconciler, notifications]),
        ]
    }

    private static func recovery(
        _ configuration: CaptureConfiguration,
        of spool: Spool,
        by clock: SharedClock,
        in journal: GapJournal,
        to segmentPublisher: SegmentPublisher,
        logger: Logger
    ) -> SpoolRecovery {
        SpoolRecovery(
            spool: spool,
            journal: journal,
            clock: clock,
            recorder: configuration.recorder,
            segmentPublisher: segmentPublisher,
            logger: logger
        )
    }

    private static func statusWriter(
        _ configuration: CaptureConfiguration,
        journal: GapJournal,
        clock: SharedClock,
        logger: Logger
    ) -> StatusWriter {
        let (database, recorder) = (configuration.database, configuration.recorder)
        return StatusWriter(database, journal: journal, clock: clock, recorder: recorder, logger: logger)
    }

    /// Half as many loops as processors: the writers and the other services have work as well.
    private static func loops(_ logger: Logger) throws(SystemError) -> [CameraLoop] {
        let slots = OpeningSlots()
        var loops: [CameraLoop] = []
        for number in 0..<max(1, Processors.count / 2) {
            loops.append(try CameraLoop(name: "loop-\(number)", slots: slots, logger: logger))
        }
        return loops
    }

    private static func publisher(
        _ configuration: CaptureConfiguration,
        in topology: AMQPTopology,
        logger: Logger
    ) -> AMQPConfirmedPublisher {
        AMQPConfirmedPublisher(
            configuration.broker,
            name: "capture-publish",
            topology: topology,
            logger: logger,
            limit: publishLimit
        )
    }

    /// Consumes notifications of changed cameras and of recorders that were fenced, and wishes.
    ///
    /// A notification of a camera only wakes the reconciler, which reads from the database what has changed.
    private static func notifications(
        _ configuration: CaptureConfiguration,
        in topology: AMQPTopology,
        for reconciler: CaptureReconciler,
        and snapshots: SnapshotPool,
        logger: Logger
    ) -> AMQPConsumerService {
        AMQPConsumerService(
            configuration.broker,
            name: "capture-consume",
            topology: topology,
            queue: Broker.captureQueue(recorder: configuration.recorder),
            prefetch: 100,
            logger: logger
        ) { delivery in
            // Anything else is a hint to look again.
            if let wish = try? CameraWish(body: delivery.delivery.message.body) {
                switch wish.kind {
                case .connect: reconciler.retry(wish.cameraID)
                case .snapshot: snapshots.ask(for: wish.cameraID)
                }
            } else if let notice = try? RecorderFenced(body: delivery.delivery.message.body) {
                reconciler.hear(notice)
            } else {
                reconciler.wake()
            }
            delivery.acknowledge()
        }
    }
}
