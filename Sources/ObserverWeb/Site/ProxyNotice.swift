import HTTPTypes
import Logging
import System

/// A line in the log about a proxy whose `X-Forwarded-For` is not believed: all its people share one address, in limits and
/// in the log.
struct ProxyNotice: Sendable {
    /// Anybody can send the header, so only so many addresses are named while the process runs.
    private static let limit = 8
    private let logger: Logger
    private let known = Lock<Set<String>>([])

    init(logger: Logger) {
        self.logger = logger
    }

    /// Logs the first request of each such proxy.
    func look(at request: HTTPRequest) {
        guard let address = request.header("X-Untrusted-Proxy"), !address.isEmpty else { return }
        let isNew = known.withLock { known in
            guard known.count < Self.limit else { return false }
            return known.insert(address).inserted
        }
        guard isNew else { return }
        let advice = "its people count as one; if it is yours, name it in OBSERVER_TRUSTED_PROXIES"
        logger.warning("Forwarding proxy not trusted", [.clientAddress: .string(address), .detail: .string(advice)])
    }
}
