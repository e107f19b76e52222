package import Lifecycle
package import Logging
import ObserverCore
import ObserverStore
package import Postgres
import System

/// The thread of `observer-retention` that keeps the catalogue in the bucket.
package struct CatalogueWorker: Service {
    package let name = "catalogue"
    private let database: PostgresConfiguration
    private let bucket: CatalogueBucket
    private let gate: CatalogueGate
    private let logger: Logger

    package init(database: PostgresConfiguration, bucket: CatalogueBucket, gate: CatalogueGate, logger: Logger) {
        self.database = database
        self.bucket = bucket
        self.gate = gate
        self.logger = logger
    }

    package func run(until stop: StopSignal) {
        stop.onStop { gate.stop() }
        let shell = CatalogueShell(
            holder: UniqueID.makeRandom().description,
            connection: PostgresConnection(database),
            bucket: bucket,
            gate: gate,
            logger: logger
        )
        var schedule = CatalogueSchedule(now: .now())
        var noted: String??
        while !stop.isStopped {
            let action = schedule.next(now: .now())
            if case .rest(let end) = action {
                if gate.waitForSuspicion(until: end) { schedule.take(.suspected, now: .now()) }
                continue
            }
            schedule.take(shell.perform(action), now: .now())
            guard noted != .some(schedule.problem) else { continue }
            if let problem = schedule.problem {
                logger.error("Catalogue not kept; will retry", [.reason: .string(problem)])
            } else if case .some(.some) = noted {
                logger.info("Catalogue is kept again")
            }
            noted = .some(schedule.problem)
            note(schedule.problem, shell)
        }
        shell.release()
    }

    private func note(_ problem: String?, _ shell: CatalogueShell) {
        do {
            try shell.note(problem)
        } catch {
            // It is in the log; the row is for those who look from elsewhere.
            logger.debug("Trouble not written down", [.error: LogValue(error)])
        }
    }
}
