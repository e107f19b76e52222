public import Lifecycle
public import Logging
import Synchronization
public import System

/// A service that consumes one queue over a connection of its own, and reconnects when it is lost.
///
/// The handler is called on the service's thread and must not block: it hands the delivery to another thread, which
/// acknowledges it later. When the connection is lost, unacknowledged messages are delivered again.
public final class AMQPConsumerService: Service {
    /// The name of the thread, and of the connection in the broker's list.
    public let name: String
    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let queue: String
    private let prefetch: UInt16
    private let drainLimit: Duration
    private let log: AMQPConnectionLog
    private let handler: @Sendable (AMQPOpenDelivery) -> Void
    private let acknowledgements = AMQPAcknowledgements()
    private let connected = Atomic<Bool>(false)
    private let silence = Lock<Silence?>(nil)

    /// A moment at which nothing more was heard.
    public struct Silence: Hashable, Sendable {
        /// The moment.
        public var at: MonotonicInstant
        /// False if it was an attempt to connect that failed; otherwise the queue was empty.
        public var isConnected: Bool
    }

    /// Creates a consumer that connects when it is run.
    ///
    /// - Parameters:
    ///   - configuration: The broker.
    ///   - name: The name of the connection in the broker's list.
    ///   - topology: Declared after each connect.
    ///   - queue: The queue to consume; part of the topology.
    ///   - prefetch: The most unacknowledged deliveries.
    ///   - logger: Logs when the connection is lost and when it is back.
    ///   - drainLimit: The time after the stop in which open deliveries may still be acknowledged.
    ///   - handler: Called on the service's thread for each delivery.
    public init(
        _ configuration: AMQPConfiguration,
        name: String,
        topology: AMQPTopology,
        queue: String,
        prefetch: UInt16,
        logger: Logger,
        drainLimit: Duration = .zero,
        handler: @escaping @Sendable (AMQPOpenDelivery) -> Void
    ) {
        self.configuration = configuration
        self.name = name
        self.topology = topology
        self.queue = queue
        self.prefetch = prefetch
        self.drainLimit = drainLimit
        log = AMQPConnectionLog(logger, name: name)
        self.handler = handler
    }

    /// True while the broker is connected; for health pages.
    public var isConnected: Bool { connected.load(ordering: .relaxed) }

    /// The newest moment at which the queue was empty or the broker could not be reached; nil before the first.
    public var newestSilence: Silence? { silence.withLock { $0 } }

    /// Consumes until stopped and drained.
    public func run(until stop: StopSignal) {
        stop.onStop { [acknowledgements] in acknowledgements.wakeUp.post() }
        var backoff = Backoff(first: .milliseconds(200), limit: .seconds(5))
        var generation = 0
        while !stop.isStopped {
            generation += 1
            do throws(AMQPError) {
                try serve(generation, until: stop) { backoff.reset() }
            } catch {
                connected.store(false, ordering: .relaxed)
                let pause = max(backoff.next(), .milliseconds(20))
                log.disconnected(error)
                _ = stop.wait(for: pause)  // ignored: the loop looks at the signal
            }
        }
        connected.store(false, ordering: .relaxed)
    }

    /// Runs one connection until it fails or the service has drained.
    private func serve(_ generation: Int, until stop: StopSignal, onConnect: () -> Void) throws(AMQPError) {
        let connection = try connect()
        defer { connection.close() }
        try connection.declare(topology)
        let consumer = try AMQPConsumer(connection, queue: queue, prefetch: prefetch)
        onConnect()
        connected.store(true, ordering: .relaxed)
        log.connected()

        var open: Set<UInt64> = []
        var drainEnd: MonotonicInstant?
        // What waits in the queue takes a moment to arrive.
        var isIdle = false
        while true {
            try sendAcknowledgements(over: consumer, generation: generation, open: &open)
            if stop.isStopped {
                if drainEnd == nil {
                    drainEnd = MonotonicInstant.now() + drainLimit
                    try consumer.cancel()
                }
                if open.isEmpty || MonotonicInstant.now() >= drainEnd ?? .now() { return }
            }
            if let delivery = try consumer.next(within: .zero) {
                // A delivery that was under way when the consumer was cancelled is requeued with the connection.
                isIdle = false
                guard drainEnd == nil else { continue }
                open.insert(delivery.tag)
                handler(AMQPOpenDelivery(delivery, generation: generation, acknowledgements: acknowledgements))
            } else {
                if isIdle { silence.withLock { $0 = Silence(at: .now(), isConnected: true) } }
                isIdle = true
                let limit = Duration.milliseconds(drainEnd == nil ? 250 : 50)
                acknowledgements.wakeUp.wait(socket: connection.socket, within: limit)
            }
        }
    }

    private func connect() throws(AMQPError) -> AMQPConnection {
        do {
            return try AMQPConnection(configuration, name: name)
        } catch {
            silence.withLock { $0 = Silence(at: .now(), isConnected: false) }
            throw error
        }
    }

    private func sendAcknowledgements(
        over consumer: AMQPConsumer,
        generation: Int,
        open: inout Set<UInt64>
    ) throws(AMQPError) {
        for entry in acknowledgements.takeAll() where entry.generation == generation {
            open.remove(entry.tag)
            switch entry.verdict {
            case .acknowledge: try consumer.acknowledge(entry.tag)
            case .requeue: try consumer.reject(entry.tag, requeue: true)
            case .reject: try consumer.reject(entry.tag, requeue: false)
            }
        }
    }
}
