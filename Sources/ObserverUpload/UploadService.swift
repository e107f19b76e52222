import AMQP
import HTTPClient
package import Lifecycle
package import Logging
package import ObserverConfiguration
import ObserverCore
import ObserverMessages
import ObserverStore
import S3
import Spool
import System

/// The composition of `observer-upload`.
package enum UploadService {
    /// Composes the services; only the spool's folders are created.
    ///
    /// Shutdown order: nothing more is begun and what is under way is finished, within 17 s; then receipts and rows, then the
    /// last messages; then the spool is given up. What is not done goes back to the queue.
    ///
    /// - Throws: `SpoolError` if the spool cannot be used.
    package static func stages(_ configuration: UploadConfiguration, logger: Logger) throws -> [Stage] {
        let spool = try Spool(at: configuration.spool)
        let claim = ClaimService(
            spool: spool,
            name: configuration.name,
            database: configuration.database,
            times: .init(report: configuration.reportInterval, lease: configuration.claimLease),
            logger: logger
        ) { wake in uploads(configuration, spool: spool, logger: logger, wake: wake) }
        return [Stage("claim", shutdownLimit: ClaimService.shutdownLimit + .seconds(3), services: [claim])]
    }

    /// Composes the services that upload, which run while the spool is claimed.
    private static func uploads(
        _ configuration: UploadConfiguration,
        spool: Spool,
        logger: Logger,
        wake: @escaping @Sendable () -> Void
    ) -> ComposedUploads {
        let inputs = BlockingQueue<Uploader.Input>(limit: 1_000_000)
        let report: @Sendable (UploadStateMachine.Event) -> Void = { event in
            _ = inputs.push(.event(event))  // ignored: full only after the end
        }
        let publisher = AMQPConfirmedPublisher(
            configuration.broker,
            name: "upload-publish",
            topology: Broker.topology(spool: spool.id),
            logger: logger
        )
        let stores = DestinationStores(configuration, logger: logger)
        let probes = probes(stores, key: "\(configuration.prefix)/.check/\(spool.id)", logger: logger)
        let (rowWriter, spoolWriter) = writers(configuration, spool: spool, logger: logger, report: report)
        let sweeper = SpoolSweeper(
            spool: spool,
            interval: configuration.sweepInterval,
            logger: logger,
            report: report
        )
        let watch = ReadyWatch(spool: spool, sweeper: sweeper, logger: logger, report: report)
        let meter = UploadMeter()
        let uploader = Uploader(
            limits: limits(configuration),
            inputs: inputs,
            spool: spool,
            stores: stores,
            sentBytes: { stores.sentBytes },
            publisher: publisher,
            rowWriter: rowWriter,
            spoolWriter: spoolWriter,
            sweeper: sweeper,
            meter: meter,
            crashPoints: configuration.crashPoints,
            logger: logger
        )
        let intake = UploadIntake(spool: spool.id, inputs: inputs, publisher: publisher, wake: wake, logger: logger)
        let consumer = AMQPConsumerService(
            configuration.broker,
            name: "upload-consume",
            topology: Broker.topology(spool: spool.id),
            queue: Broker.uploadQueue(spool: spool.id),
            prefetch: UInt16(clamping: max(64, 4 * configuration.parallel)),
            logger: logger,
            drainLimit: .seconds(17),
            handler: { intake.receive($0) }
        )
        let partitions = PartitionService(configuration.database, logger: logger)
        let stages = [
            Stage("publisher", shutdownLimit: .seconds(3), services: [publisher]),
            Stage("receipts", shutdownLimit: .seconds(3), services: [rowWriter, spoolWriter, partitions]),
            Stage("store", shutdownLimit: .seconds(1), services: stores.http + probes),
            Stage(
                "uploads",
                shutdownLimit: .seconds(18),
                services: [sweeper, watch, uploader, consumer]
                    + copies(configuration, stores: stores, spool: spool, meter: meter, logger: logger)
            ),
        ]
        return ComposedUploads(stages: stages, meter: meter, report: report)
    }

    private static func limits(_ configuration: UploadConfiguration) -> UploadStateMachine.Limits {
        var limits = UploadStateMachine.Limits(parallel: configuration.parallel)
        limits.retryPauses = configuration.retryPauses
        limits.destinations = configuration.destinations.map(\.destination)
        limits.copies = configuration.copies
        limits.fallbackTime = configuration.fallbackTime
        return limits
    }

    private static func writers(
        _ configuration: UploadConfiguration,
        spool: Spool,
        logger: Logger,
        report: @escaping @Sendable (UploadStateMachine.Event) -> Void
    ) -> (rows: RowWriter, spool: SpoolWriter) {
        let rows = RowWriter(
            database: configuration.database,
            crashPoints: configuration.crashPoints,
            logger: logger,
            report: report
        )
        let spoolWriter = SpoolWriter(
            spool: spool,
            rows: rows,
            crashPoints: configuration.crashPoints,
            logger: logger,
            report: report
        )
        return (rows, spoolWriter)
    }

    /// The service that copies segments home, where they can be elsewhere.
    private static func copies(
        _ configuration: UploadConfiguration,
        stores: DestinationStores,
        spool: Spool,
        meter: UploadMeter,
        logger: Logger
    ) -> [any Service] {
        let order = configuration.destinations.map(\.destination)
        guard order.count > 1 else { return [] }
        let wanted = DestinationSet(order.prefix(configuration.copies))
        let plan = CopyPlan(wanted: wanted, interval: configuration.copyInterval, seed: .random(in: .min ... .max))
        return [
            CopyService(
                stores: stores,
                plan: plan,
                spool: spool,
                database: configuration.database,
                meter: meter,
                logger: logger
            )
        ]
    }

    private static func probes(_ stores: DestinationStores, key: String, logger: Logger) -> [any Service] {
        stores.all.compactMap { destination in
            stores.client(of: destination).map {
                StoreProbe(destination: destination, client: $0, key: key, logger: logger)
            }
        }
    }
}
