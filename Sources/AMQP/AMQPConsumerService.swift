import System
public import Lifecycle
public import Logging
import Synchronization

/// A delivery that has to be resolved once, from any thread.
///
/// Settling it after its connection has gone does nothing: the broker hands the message out again.
public final class AMQPOpenDelivery: Sendable {
    /// What came.
    public let delivery: AMQPDelivery
    private let resolutions: Resolutions
    private let generation: Int
    private let isResolved = Atomic<Bool>(false)

    init(_ delivery: AMQPDelivery, generation: Int, resolutions: Resolutions) {
        self.delivery = delivery
        self.generation = generation
        self.resolutions = resolutions
    }

    /// The work is done; the broker may forget the message.
    public func acknowledge() { resolve(.acknowledge) }

    /// Back to the queue, at once.
    public func requeue() { resolve(.requeue) }

    /// To the queue's dead-letter exchange.
    public func reject() { resolve(.reject) }

    private func resolve(_ verdict: Resolutions.Verdict) {
        guard !isResolved.exchange(true, ordering: .acquiringAndReleasing) else { return }
        resolutions.add(Resolutions.Entry(tag: delivery.tag, generation: generation, verdict: verdict))
    }
}

/// Verdicts on their way from the threads that reached them to the consumer's thread.
final class Resolutions: Sendable {
    enum Verdict { case acknowledge, requeue, reject }

    struct Entry {
        let tag: UInt64
        let generation: Int
        let verdict: Verdict
    }

    private let entries = Mutex<[Entry]>([])
    let wakeUp = WakeUp()

    func add(_ entry: Entry) {
        entries.withLock { $0.append(entry) }
        wakeUp.post()
    }

    func takeAll() -> [Entry] {
        entries.withLock { entries in
            defer { entries.removeAll(keepingCapacity: true) }
            return entries
        }
    }
}

/// Takes deliveries from one queue over a connection of its own, and keeps that connection up.
///
/// Run it as a ``Service``. The handler is called on the service's thread and must not block: it hands the delivery to
/// others, who resolve it later from their threads. When the connection is lost, what was not resolved comes again.
public final class AMQPConsumerService: Service {
    /// Shown in the broker's list of connections and as the thread's name.
    public let name: String
    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let queue: String
    private let prefetch: UInt16
    private let drainLimit: Duration
    private let log: AMQPConnectionLog
    private let handler: @Sendable (AMQPOpenDelivery) -> Void
    private let resolutions = Resolutions()
    private let connected = Atomic<Bool>(false)

    /// Makes a consumer that connects when it is run.
    ///
    /// - Parameters:
    ///   - configuration: The broker.
    ///   - name: Shown in the broker's list of connections.
    ///   - topology: Declared after each connect.
    ///   - queue: The queue to consume; part of the topology.
    ///   - prefetch: Most unresolved deliveries.
    ///   - logger: Logs when the connection is lost and when it is back.
    ///   - drainLimit: How long after the stop unresolved deliveries may still be resolved.
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

    /// Whether the broker is connected at the moment; for health pages.
    public var isConnected: Bool { connected.load(ordering: .relaxed) }

    /// Consumes until stopped and drained.
    public func run(until stop: StopSignal) {
        stop.onStop { [resolutions] in resolutions.wakeUp.post() }
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
                _ = stop.wait(for: pause)  // ignored: the loop looks at the token
            }
        }
        connected.store(false, ordering: .relaxed)
    }

    /// One connection's life.
    private func serve(_ generation: Int, until stop: StopSignal, onConnect: () -> Void) throws(AMQPError) {
        let connection = try AMQPConnection(configuration, name: name)
        defer { connection.close() }
        try connection.declare(topology)
        let consumer = try AMQPConsumer(connection, queue: queue, prefetch: prefetch)
        onConnect()
        connected.store(true, ordering: .relaxed)
        log.connected()

        var open: Set<UInt64> = []
        var drainEnd: MonotonicInstant?
        while true {
            try resolve(on: consumer, generation, &open)
            if stop.isStopped {
                if drainEnd == nil {
                    drainEnd = MonotonicInstant.now() + drainLimit
                    try consumer.cancel()
                }
                if open.isEmpty || MonotonicInstant.now() >= drainEnd ?? .now() { return }
            }
            if let delivery = try consumer.next(within: .zero) {
                // A delivery that was under way when the consumer was cancelled goes back with the connection.
                guard drainEnd == nil else { continue }
                open.insert(delivery.tag)
                handler(AMQPOpenDelivery(delivery, generation: generation, resolutions: resolutions))
            } else {
                resolutions.wakeUp.wait(socket: connection.socket, within: .milliseconds(drainEnd == nil ? 250 : 50))
            }
        }
    }

    private func resolve(on consumer: AMQPConsumer, _ generation: Int, _ open: inout Set<UInt64>) throws(AMQPError) {
        for entry in resolutions.takeAll() where entry.generation == generation {
            open.remove(entry.tag)
            switch entry.verdict {
            case .acknowledge: try consumer.acknowledge(entry.tag)
            case .requeue: try consumer.reject(entry.tag, requeue: true)
            case .reject: try consumer.reject(entry.tag, requeue: false)
            }
        }
    }
}
