package import Lifecycle
package import Logging
import ObserverCore
package import Postgres

/// Sees to it that there are partitions ahead and none whose segments have all expired, and that hours know what they have, on
/// a thread and a connection of its own.
///
/// It runs in each uploader; the role of recorders has no right to it. A segment whose partition is missing is not refused, so
/// nothing waits for this.
package struct PartitionService: Service {
    package let name = "partitions"
    private let configuration: PostgresConfiguration
    private let logger: Logger

    /// The weeks for which a partition is kept after its end.
    private static let weeksKept: Int64 = 2
    private static let interval: Duration = .seconds(3600)
    private static let retryInterval: Duration = .seconds(60)

    package init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    package func run(until stop: StopSignal) {
        var isFailing = false
        while !stop.isStopped {
            do {
                try look()
                isFailing = false
            } catch {
                if !isFailing { logger.warning("Partitions not prepared; will retry", [.error: LogValue(error)]) }
                isFailing = true
            }
            stop.wait(for: isFailing ? Self.retryInterval : Self.interval)
        }
    }

    private func look() throws(PostgresError) {
        let connection = PostgresConnection(configuration)
        defer { connection.close() }
        let store = PartitionStore(connection)
        for week in try store.prepare() { logger.info("Partition created", [.partitionName: .string(week.partition)]) }
        for week in try store.dropExpired(endedBefore: Self.weeksKept) {
            logger.info("Partition dropped", [.partitionName: .string(week.partition)])
        }
        let removed = try store.removeExpired()
        if removed > 0 { logger.info("Rows of expired segments removed", [.segmentCount: .int(removed)]) }
        try HourStore(connection).mend()
        guard let strays = try store.condition().strays else { return }
        logger.warning(
            "Segments outside the weekly partitions",
            [
                .timeFrom: .string(strays.lowerBound.rfc3339), .timeTo: .string(strays.upperBound.rfc3339),
                .hint: .string("check the recorders' clocks; then observerctl migrate"),
            ]
        )
    }
}
