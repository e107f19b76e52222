import Logging
import System

/// Logs when a connection is lost and when it is back, once each; the attempts between would fill the log.
final class AMQPConnectionLog: Sendable {
    private let logger: Logger
    private let isConnected = Lock<Bool?>(nil)

    /// Creates a log for the connection that the broker shows as `name`.
    init(_ logger: Logger, name: String) {
        self.logger = logger.with([.connectionName: .string(name)])
    }

    /// Connected and everything declared, or the broker's alarm is over.
    func connected() {
        if change(to: true) { logger.info("Broker connected") }
    }

    /// Not connected, or blocked by an alarm of the broker.
    func disconnected(_ error: AMQPError) {
        if change(to: false) { logger.warning("Broker unavailable; will retry", [.error: LogValue(error)]) }
    }

    private func change(to new: Bool) -> Bool {
        isConnected.withLock { old in
            defer { old = new }
            return old != new
        }
    }
}
