import System
package import AMQP
package import Lifecycle
package import Logging
import ObserverCore
import ObserverMessages
package import Postgres
package import Spool

/// Takes segments from the spool to S3.
///
/// Six threads: consuming, publishing, deciding, transferring (inside ``SegmentObjects``), book-keeping, sweeping.
package struct UploadService: Service {
    /// What it works with.
    package struct Settings: Sendable {
        package var spool: Spool
        package var broker: AMQPConfiguration
        package var database: PostgresConfiguration
        package var limits: UploadStateMachine.Limits
        package var sweepInterval: Duration
        package var crashPoints: CrashPoints

        package init(
            spool: Spool,
            broker: AMQPConfiguration,
            database: PostgresConfiguration,
            limits: UploadStateMachine.Limits = .init(),
            sweepInterval: Duration = .seconds(60),
            crashPoints: CrashPoints = CrashPoints()
        ) {
            self.spool = spool
            self.broker = broker
            self.database = database
            self.limits = limits
            self.sweepInterval = sweepInterval
            self.crashPoints = crashPoints
        }
    }

    package let name = "upload"
    private let settings: Settings
    private let objects: any SegmentObjects
    private let logger: Logger

    package init(_ settings: Settings, objects: any SegmentObjects, logger: Logger) {
        self.settings = settings
        self.objects = objects
        self.logger = logger
    }

    /// Uploads until stopped; then finishes what is under way, within 17 s.
    ///
    /// What is not done goes back to the queue.
    package func run(until stop: StopSignal) {
        let inputs = BlockingQueue<Uploader.Input>(limit: 1_000_000)
        let report: @Sendable (UploadStateMachine.Event) -> Void = { event in
            _ = inputs.push(.event(event))  // ignored: full only after the end
        }
        let topology = Broker.topology(spool: settings.spool.id)
        let publisher = AMQPConfirmedPublisher(
            settings.broker,
            name: "upload-publish",
            topology: topology,
            logger: logger
        )
        let consumer = AMQPConsumerService(
            settings.broker,
            name: "upload-consume",
            topology: topology,
            queue: Broker.uploadQueue(spool: settings.spool.id),
            prefetch: UInt16(clamping: max(64, 4 * settings.limits.parallel)),
            logger: logger,
            drainLimit: .seconds(17),
            handler: { take($0, inputs, publisher) }
        )
        let receiptWriter = ReceiptWriter(
            spool: settings.spool,
            database: settings.database,
            crashPoints: settings.crashPoints,
            logger: logger,
            report: report
        )
        let sweep = SpoolSweeper(
            spool: settings.spool,
            interval: settings.sweepInterval,
            receiptWriter: receiptWriter,
            logger: logger,
            report: report
        )
        let surroundings = Uploader.Dependencies(
            spool: settings.spool,
            objects: objects,
            publisher: publisher,
            receiptWriter: receiptWriter,
            wakeSweep: { sweep.wake() },
            crashPoints: settings.crashPoints,
            logger: logger
        )
        let uploader = Uploader(inputs: inputs)
        let limits = settings.limits
        // In the order of their end: no new work, then what is under way, then its proof, then the last messages.
        let publishing = StopSignal()
        let publisherThread = DedicatedThread.start(name: "publish") { publisher.run(until: publishing) }
        let bookkeeperThread = DedicatedThread.start(name: "books") { receiptWriter.run() }
        let sweepThread = DedicatedThread.start(name: "sweep") { sweep.run(until: stop) }
        let consumerThread = DedicatedThread.start(name: "consume") { consumer.run(until: stop) }
        uploader.run(limits, surroundings, until: stop, drainLimit: .seconds(15))
        objects.stop()
        receiptWriter.stop()
        bookkeeperThread.join()
        consumerThread.join()
        publishing.stop()
        publisherThread.join()
        sweepThread.join()
    }

    /// Reads a delivery; what cannot be read is dead-lettered as it is.
    private func take(
        _ open: AMQPOpenDelivery,
        _ inputs: BlockingQueue<Uploader.Input>,
        _ publisher: AMQPConfirmedPublisher
    ) {
        let body = open.delivery.message.body
        do throws(MessageError) {
            let recorded = try SegmentRecorded(body: body)
            guard recorded.segment.header.origin.spoolID == settings.spool.id else {
                throw MessageError(.invalid, "the segment is of spool \(recorded.segment.header.origin.spoolID)")
            }
            if !inputs.push(.delivery(recorded, open)) { open.requeue() }
        } catch {
            logger.error("Message dead-lettered", [.error: .string(error.description), .byteCount: .int(body.count)])
            let id = open.delivery.message.messageID
            let letter = DeadLetter.message(.malformed, error: error.description, body: body, messageID: id)
            publisher.publish(letter, within: .seconds(5)) { outcome in
                // Without a confirm the broker dead-letters it itself.
                if outcome == .confirmed { open.acknowledge() } else { open.reject() }
            }
        }
    }
}
