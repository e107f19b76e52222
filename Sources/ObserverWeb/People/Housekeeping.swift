import Lifecycle
import Logging
import ObserverStore
import Postgres

/// Deletes sessions that are over and old sign-in attempts, now and then, with a connection of its own.
struct Housekeeping {
    let name = "housekeeping"
    let database: PostgresConfiguration
    let logger: Logger

    private static let interval = Duration.seconds(600)

    func run(until stop: StopSignal) {
        let connection = PostgresConnection(database)
        repeat {
            do throws(PostgresError) {
                try UserStore(connection).prune()
            } catch {
                // What is over does not count any more, whether it is deleted or not.
                logger.debug("Sessions not cleared", [.error: LogValue(error)])
            }
            connection.close()
        } while !stop.wait(for: Self.interval)
    }
}
