import Lifecycle
import Logging
import ObserverStore
import Postgres

/// Deletes expired sessions and old sign-in attempts now and then, on a connection of its own.
struct SessionPruner: Service {
    let name = "session-pruner"
    let database: PostgresConfiguration
    let logger: Logger

    private static let interval = Duration.seconds(600)

    func run(until stop: StopSignal) {
        let connection = PostgresConnection(database)
        repeat {
            do throws(PostgresError) {
                try UserStore(connection).prune()
            } catch {
                // Expired sessions are refused whether they are deleted or not.
                logger.debug("Expired sessions not deleted", [.error: LogValue(error)])
            }
            connection.close()
        } while !stop.wait(for: Self.interval)
    }
}
