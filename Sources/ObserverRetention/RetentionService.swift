import HTTPClient
package import Lifecycle
package import Logging
package import ObserverConfiguration
package import ObserverCore
import S3

/// The composition of `observer-retention`.
package enum RetentionService {
    /// The single deletions under way at the same time, for stores without DeleteObjects.
    private static let parallel = 16
    /// A request for a thousand objects takes a store its time.
    private static let requestLimit = Duration.seconds(60)
    /// A manifest of an hour of segments of two seconds each is one and a half mebibytes long.
    private static let responseBytes = 32 << 20

    /// Composes the services; nothing is opened yet.
    package static func stages(_ configuration: RetentionConfiguration, logger: Logger) -> [Stage] {
        var limits = HTTPClientLimits()
        limits.total = requestLimit
        limits.responseBytes = responseBytes
        let stores = StoreClients(
            configuration.destinations,
            parallel: parallel,
            limits: limits,
            notify: { $0.log(to: logger) }
        )
        let gate = CatalogueGate()
        let worker = RetentionWorker(
            database: configuration.database,
            buckets: stores.buckets,
            versions: configuration.versions,
            gate: gate,
            logger: logger
        )
        let catalogue = CatalogueWorker(
            database: configuration.database,
            bucket: CatalogueBucket(stores, prefix: configuration.prefix),
            gate: gate,
            logger: logger
        )
        // The store is stopped first: that ends a request which the worker waits for. Deleting may be repeated.
        return [
            Stage("worker", shutdownLimit: .seconds(10), services: [worker, catalogue]),
            Stage("store", shutdownLimit: .seconds(1), services: stores.services),
        ]
    }
}

extension StoreClients {
    /// The buckets as retention uses them.
    package var buckets: [Destination: any RetentionBucket] {
        var buckets: [Destination: any RetentionBucket] = [:]
        for destination in destinations.members {
            buckets[destination] = self[destination].map { S3RetentionBucket($0) }
        }
        return buckets
    }
}
