package import Lifecycle
package import Logging
package import ObserverConfiguration
package import ObserverCore
import ObserverStore
package import Postgres
import System

/// The thread of `observer-retention`: plans, decides, deletes.
package struct RetentionWorker: Service {
    package let name = "retention"
    private let database: PostgresConfiguration
    private let buckets: [Destination: any RetentionBucket]
    private let versions: S3VersionPolicy
    private let gate: CatalogueGate
    private let logger: Logger

    /// Creates a worker.
    ///
    /// - Parameters:
    ///   - database: The database.
    ///   - buckets: The stores.
    ///   - versions: The treatment of old versions.
    ///   - gate: Closed while nothing may be deleted.
    ///   - logger: Logs trouble, and its end.
    package init(
        database: PostgresConfiguration,
        buckets: [Destination: any RetentionBucket],
        versions: S3VersionPolicy = .delete,
        gate: CatalogueGate = .alwaysOpen(),
        logger: Logger
    ) {
        self.database = database
        self.buckets = buckets
        self.versions = versions
        self.gate = gate
        self.logger = logger
    }

    package func run(until stop: StopSignal) {
        let shell = RetentionShell(
            holder: UniqueID.makeRandom().description,
            connection: PostgresConnection(database),
            buckets: buckets,
            versions: versions,
            gate: gate,
            logger: logger
        )
        stop.onStop { gate.stop() }
        var schedule = RetentionSchedule(now: .now())
        var noted: String??
        while !stop.isStopped {
            if let reason = gate.reason {
                logger.info("Retention waits", [.reason: .string(reason)])
                gate.waitUntilOpen()
                // What was known before is of a state that may be gone.
                schedule = RetentionSchedule(now: .now())
                continue
            }
            let action = schedule.next(now: .now())
            if case .rest(let end) = action {
                stop.wait(until: end)
                continue
            }
            guard let event = shell.perform(action) else { continue }
            schedule.take(event, now: .now())
            guard noted != .some(schedule.problem) else { continue }
            if let problem = schedule.problem {
                logger.error("Retention hindered; will retry", [.reason: .string(problem)])
            } else if case .some(.some) = noted {
                logger.info("Retention works again")
            }
            noted = .some(schedule.problem)
            note(schedule.problem, shell)
        }
        shell.release()
    }

    private func note(_ problem: String?, _ shell: RetentionShell) {
        do {
            try shell.note(problem)
        } catch {
            // It is in the log; the row is for those who look from elsewhere.
            logger.debug("Trouble not written down", [.error: LogValue(error)])
        }
    }
}
