import AMQP
import Logging
import Synchronization

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
