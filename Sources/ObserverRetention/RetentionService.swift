import HTTPClient
package import Lifecycle
package import Logging
package import ObserverConfiguration
import S3

/// The composition of `observer-retention`.
package enum RetentionService {
    /// The single deletions under way at the same time, for stores without DeleteObjects.
    private static let parallel = 16
    /// A request for a thousand objects takes a store its time.
    private static let requestLimit = Duration.seconds(60)

    /// Composes the services; nothing is opened yet.
    package static func stages(_ configuration: RetentionConfiguration, logger: Logger) -> [Stage] {
        var limits = HTTPClientLimits()
        limits.total = requestLimit
        let http = HTTPClient(
            HTTPClientConfiguration(
                name: "s3",
                parallel: parallel,
                limits: limits,
                certificates: configuration.certificates
            )
        )
        let client = S3Client(configuration.s3, http: http, notify: { $0.log(to: logger) })
        let worker = RetentionWorker(
            database: configuration.database,
            bucket: S3RetentionBucket(client),
            versions: configuration.versions,
            logger: logger
        )
        // The store is stopped first: that ends a request which the worker waits for. Deleting may be repeated.
        return [
            Stage("worker", shutdownLimit: .seconds(10), services: [worker]),
            Stage("store", shutdownLimit: .seconds(1), services: [http]),
        ]
    }
}
