package import AMQP
package import Crypto
package import Lifecycle
package import Logging
import Media
package import ObserverCore
import ObserverMessages
package import Postgres
package import Spool
import Synchronization

/// Records cameras into the spool.
///
/// The order of the end matters: first the recorders, then the writers, then what they have to tell.
package struct CaptureService: Service {
    /// What it works with.
    package struct Settings: Sendable {
        package var worker: String
        package var spool: Spool
        package var broker: AMQPURL
        package var database: ConnectionConfiguration
        package var key: SealingKey
        package var networks: NetworkPolicy
        /// Observer's own servers, where no camera may be.
        package var ownServers: [NetworkPolicy.Server]
        /// What object keys begin with.
        package var prefix: String
        /// Nil: no pictures.
        package var pictureInterval: Duration?
        package var version: String

        package init(
            worker: String,
            spool: Spool,
            broker: AMQPURL,
            database: ConnectionConfiguration,
            key: SealingKey,
            networks: NetworkPolicy,
            ownServers: [NetworkPolicy.Server] = [],
            prefix: String = "observer",
            pictureInterval: Duration? = .seconds(30),
            version: String = "0"
        ) {
            self.worker = worker
            self.spool = spool
            self.broker = broker
            self.database = database
            self.key = key
            self.networks = networks
            self.ownServers = ownServers
            self.prefix = prefix
            self.pictureInterval = pictureInterval
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
    package func run(until stop: StopToken) throws {
        let lock = try settings.spool.lock(worker: settings.worker)
        defer { withExtendedLifetime(lock) {} }
        try settings.spool.keepReserve()
        let publisher = ConfirmedPublisher(
            url: settings.broker,
            name: "capture-publish",
            topology: Broker.topology(worker: settings.worker, host: settings.spool.host),
            limit: 10_000,
            onEvent: log("publisher")
        )
        let announcer = Announcer(publisher, logger: logger)
        let bookkeeper = Bookkeeper(settings.database, worker: settings.worker, logger: logger)
        let recovered = try recover(bookkeeper, announcer)
        let writers = WriterPool(spool: settings.spool, threads: 2, logger: logger) { segment in
            announcer.announce(segment)
            bookkeeper.add(segment)
        }
        let pictures = PicturePool(bookkeeper: bookkeeper, logger: logger)
        let addresses = AddressBook(policy: settings.networks, ownServers: settings.ownServers)
        let supervisor = Supervisor(
            context: context(writers, pictures, bookkeeper, addresses),
            configuration: settings.database,
            key: settings.key,
            version: settings.version,
            lastRecovered: recovered,
            announcer: announcer
        )
        let tellers = StopToken()
        let hints = StopToken()
        let consumer = consumer { supervisor.hint() }
        writers.start()
        let helpers = [
            OwnThread.start(name: "publisher") { publisher.run(until: tellers) },
            OwnThread.start(name: "bookkeeper") { bookkeeper.run(until: tellers) },
        ]
        let ears = [
            OwnThread.start(name: "hints") { consumer.run(until: hints) },
            OwnThread.start(name: "pictures", stackBytes: 1 << 20) { pictures.run(until: hints) },
            OwnThread.start(name: "own-servers") { addresses.followOwnServers(until: hints) },
        ]
        supervisor.run(until: stop)
        hints.stop()
        writers.finish()
        tellers.stop()
        let deadline = Monotonic.now() + .seconds(6)
        for thread in helpers + ears { _ = thread.join(until: deadline) }
    }

    /// Finishes what a killed process left open.
    ///
    /// - Returns: Until when each camera was recorded by that.
    private func recover(_ bookkeeper: Bookkeeper, _ announcer: Announcer) throws -> [CameraID: Timestamp] {
        var latest: [CameraID: Timestamp] = [:]
        for result in try settings.spool.recover(as: settings.worker) {
            switch result {
            case .segment(let segment):
                logger.info(
                    "Segment recovered",
                    ["camera": .int(Int(segment.cameraID.rawValue)), "segment": .string(segment.id.description)]
                )
                latest[segment.cameraID] = max(latest[segment.cameraID] ?? segment.endedAt, segment.endedAt)
                announcer.announce(segment)
                bookkeeper.add(segment)
            case .nothing(let draft):
                logger.warning(
                    "Nothing to recover: not one fragment was whole",
                    ["camera": .int(Int(draft.cameraID.rawValue)), "segment": .string(draft.id.description)]
                )
            case .kept(let id, let error):
                logger.error(
                    "Segment cannot be recovered now; its file is kept",
                    ["segment": .string(id.description), "error": LogValue(error)]
                )
            }
        }
        return latest
    }

    private func context(
        _ writers: WriterPool,
        _ pictures: PicturePool,
        _ bookkeeper: Bookkeeper,
        _ addresses: AddressBook
    ) -> RecorderContext {
        RecorderContext(
            worker: settings.worker,
            spool: settings.spool,
            prefix: settings.prefix,
            pictureInterval: settings.pictureInterval,
            writers: writers,
            pictures: pictures,
            bookkeeper: bookkeeper,
            addresses: addresses,
            logger: logger
        )
    }

    /// A hint says only "look again"; what to do is in the database.
    private func consumer(_ hint: @escaping @Sendable () -> Void) -> ConsumerService {
        ConsumerService(
            url: settings.broker,
            name: "capture-hints",
            topology: Broker.topology(worker: settings.worker, host: settings.spool.host),
            queue: Broker.captureQueue(worker: settings.worker),
            prefetch: 100,
            onEvent: log("hints")
        ) { delivery in
            hint()
            delivery.acknowledge()
        }
    }

    /// Logs that a connection went or came, once each, not at every attempt.
    private func log(_ part: String) -> @Sendable (SessionEvent) -> Void {
        let isAway = Mutex(false)
        return { [logger] event in
            switch event {
            case .connected:
                isAway.withLock { $0 = false }
                logger.info("Broker connected", ["part": .string(part)])
            case .disconnected(let error, _):
                let wasAway = isAway.withLock { isAway in
                    defer { isAway = true }
                    return isAway
                }
                guard !wasAway else { return }
                logger.warning("Broker is away; recordings go on", ["part": .string(part), "error": LogValue(error)])
            }
        }
    }
}
