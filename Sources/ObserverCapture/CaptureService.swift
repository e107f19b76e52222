import System
package import AMQP
package import Crypto
package import Lifecycle
package import Logging
import Media
package import ObserverCore
import ObserverMessages
package import Postgres
package import Spool

/// Records cameras into the spool.
///
/// The order of the end matters: first the recorders, then the writers, then what they have to tell.
package struct CaptureService: Service {
    /// What it works with.
    package struct Settings: Sendable {
        package var recorder: String
        package var spool: Spool
        package var broker: AMQPConfiguration
        package var database: PostgresConfiguration
        package var key: SealingKey
        package var networks: NetworkPolicy
        /// Observer's own servers, where no camera may be.
        package var ownServers: [NetworkPolicy.Server]
        /// What object keys begin with.
        package var prefix: String
        /// Nil: no snapshots.
        package var snapshotInterval: Duration?
        package var version: String

        package init(
            recorder: String,
            spool: Spool,
            broker: AMQPConfiguration,
            database: PostgresConfiguration,
            key: SealingKey,
            networks: NetworkPolicy,
            ownServers: [NetworkPolicy.Server] = [],
            prefix: String = "observer",
            snapshotInterval: Duration? = .seconds(30),
            version: String = "0"
        ) {
            self.recorder = recorder
            self.spool = spool
            self.broker = broker
            self.database = database
            self.key = key
            self.networks = networks
            self.ownServers = ownServers
            self.prefix = prefix
            self.snapshotInterval = snapshotInterval
            self.version = version
        }
    }

    package let name = "capture"
    private let settings: Settings
    private let logger: Logger

    package init(_ settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Records until stopped; then finishes, commits and announces what is open, within 18 s.
    ///
    /// - Throws: Where the spool cannot be used.
    package func run(until stop: StopSignal) throws {
        let lock = try settings.spool.lock(recorder: settings.recorder)
        defer { withExtendedLifetime(lock) {} }
        try settings.spool.keepReserve()
        let publisher = AMQPConfirmedPublisher(
            settings.broker,
            name: "capture-publish",
            topology: Broker.topology(recorder: settings.recorder, spool: settings.spool.id),
            logger: logger,
            limit: 10_000
        )
        let segmentPublisher = SegmentPublisher(publisher, logger: logger)
        let statusWriter = StatusWriter(settings.database, recorder: settings.recorder, logger: logger)
        let recovered = try recover(statusWriter, segmentPublisher)
        let writers = WriterPool(spool: settings.spool, threads: 2, logger: logger) { segment in
            segmentPublisher.announce(segment)
            statusWriter.add(segment)
        }
        let snapshots = SnapshotPool(statusWriter: statusWriter, logger: logger)
        let resolver = CameraResolver(policy: settings.networks, ownServers: settings.ownServers)
        let supervisor = CaptureReconciler(
            context: context(writers, snapshots, statusWriter, resolver),
            configuration: settings.database,
            key: settings.key,
            version: settings.version,
            lastRecovered: recovered,
            segmentPublisher: segmentPublisher
        )
        let tellers = StopSignal()
        let hints = StopSignal()
        let consumer = consumer { supervisor.hint() }
        writers.start()
        let helpers = [
            DedicatedThread.start(name: "publisher") { publisher.run(until: tellers) },
            DedicatedThread.start(name: "statusWriter") { statusWriter.run(until: tellers) },
        ]
        let ears = [
            DedicatedThread.start(name: "hints") { consumer.run(until: hints) },
            DedicatedThread.start(name: "snapshots", stackBytes: 1 << 20) { snapshots.run(until: hints) },
            DedicatedThread.start(name: "own-servers") { resolver.followOwnServers(until: hints) },
        ]
        supervisor.run(until: stop)
        hints.stop()
        writers.finish()
        tellers.stop()
        let deadline = MonotonicInstant.now() + .seconds(6)
        for thread in helpers + ears { _ = thread.join(until: deadline) }
    }

    /// Finishes what a killed process left open.
    ///
    /// - Returns: Until when each camera was recorded by that.
    private func recover(
        _ statusWriter: StatusWriter,
        _ segmentPublisher: SegmentPublisher
    ) throws -> [CameraID: Timestamp] {
        var latest: [CameraID: Timestamp] = [:]
        for result in try settings.spool.recover(as: settings.recorder) {
            switch result {
            case .segment(let segment):
                logger.info(
                    "Segment recovered",
                    [
                        .cameraID: .int(Int(segment.header.cameraID.rawValue)),
                        .segmentID: .string(segment.id.description),
                    ]
                )
                latest[segment.header.cameraID] = max(
                    latest[segment.header.cameraID] ?? segment.endedAt,
                    segment.endedAt
                )
                segmentPublisher.announce(segment)
                statusWriter.add(segment)
            case .nothing(let draft):
                logger.warning(
                    "Nothing to recover: not one fragment was whole",
                    [.cameraID: .int(Int(draft.cameraID.rawValue)), .segmentID: .string(draft.id.description)]
                )
            case .kept(let id, let error):
                logger.error(
                    "Segment cannot be recovered now; its file is kept",
                    [.segmentID: .string(id.description), .error: LogValue(error)]
                )
            }
        }
        return latest
    }

    private func context(
        _ writers: WriterPool,
        _ snapshots: SnapshotPool,
        _ statusWriter: StatusWriter,
        _ resolver: CameraResolver
    ) -> RecorderContext {
        RecorderContext(
            recorder: settings.recorder,
            spool: settings.spool,
            prefix: settings.prefix,
            snapshotInterval: settings.snapshotInterval,
            writers: writers,
            snapshots: snapshots,
            statusWriter: statusWriter,
            resolver: resolver,
            logger: logger
        )
    }

    /// A hint says only "look again"; what to do is in the database.
    private func consumer(_ hint: @escaping @Sendable () -> Void) -> AMQPConsumerService {
        AMQPConsumerService(
            settings.broker,
            name: "capture-hints",
            topology: Broker.topology(recorder: settings.recorder, spool: settings.spool.id),
            queue: Broker.captureQueue(recorder: settings.recorder),
            prefetch: 100,
            logger: logger
        ) { delivery in
            hint()
            delivery.acknowledge()
        }
    }
}
