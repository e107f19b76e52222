import AMQP
import Lifecycle
import Logging
import ObserverStore
import Postgres
import Synchronization

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

/// Tells when the broker comes and goes, and not of each attempt in between.
final class BrokerLog: Sendable {
    private let logger: Logger
    private let isConnected = Mutex<Bool?>(nil)

    init(_ logger: Logger) {
        self.logger = logger
    }

    func note(_ event: AMQPConnectionEvent) {
        switch event {
        case .connected:
            if change(to: true) { logger.info("Broker connected") }
        case .disconnected(let error, _):
            if change(to: false) { logger.warning("Broker not connected", [.error: LogValue(error)]) }
        }
    }

    private func change(to new: Bool) -> Bool {
        isConnected.withLock { old in
            defer { old = new }
            return old != new
        }
    }
}
