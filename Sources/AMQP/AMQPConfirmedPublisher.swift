public import Lifecycle
public import Logging
import System

/// A service that publishes for many threads over one connection of its own, and reconnects when it is lost.
///
/// A caller never waits for the network: ``publish(_:within:completion:)`` returns at once, and ``publish(_:within:)``
/// waits no longer than its limit. A message is sent again over a new connection while its deadline has not passed, so a
/// confirmed message can be in its queue twice; it is never lost after `confirmed`. While the broker has an alarm the
/// connection is kept and nothing is sent.
public final class AMQPConfirmedPublisher: Service {
    /// A message waiting for its outcome.
    private struct Request: Sendable {
        let message: AMQPMessage
        let deadline: MonotonicInstant
        let completion: @Sendable (AMQPPublishOutcome) -> Void
    }

    /// A message that was sent and has no outcome yet.
    private struct Sent {
        let request: Request
        var since: MonotonicInstant
    }

    private struct State: Sendable {
        var waiting: [Request] = []
        var isConnected = false
        var isFinished = false
    }

    /// The name of the thread, and of the connection in the broker's list.
    public let name: String
    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let limit: Int
    private let confirmLimit: Duration
    private let log: AMQPConnectionLog
    private let state = Lock(State())
    private let wakeUp = WakeUp()

    /// Creates a publisher that connects when it is run.
    ///
    /// - Parameters:
    ///   - configuration: The broker.
    ///   - name: The name of the connection in the broker's list.
    ///   - topology: Declared after each connect.
    ///   - logger: Logs when the connection is lost and when it is back.
    ///   - limit: The most messages that may wait; more are `unconfirmed` at once.
    ///   - confirmLimit: The longest time for a confirm, after which the connection is given up.
    public init(
        _ configuration: AMQPConfiguration,
        name: String,
        topology: AMQPTopology,
        logger: Logger,
        limit: Int = 1024,
        confirmLimit: Duration = .seconds(5)
    ) {
        self.configuration = configuration
        self.name = name
        self.topology = topology
        self.limit = limit
        self.confirmLimit = confirmLimit
        log = AMQPConnectionLog(logger, name: name)
    }

    /// True while the broker is connected and takes messages.
    public var isConnected: Bool { state.withLock { $0.isConnected } }

    /// Queues a message and returns at once.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - limit: The time after which the message is given up as `unconfirmed`; while an attempt to connect hangs, up to
    ///     10 s later.
    ///   - completion: Called once and not to block: on the publisher's thread, or on the caller's if the queue is full.
    public func publish(
        _ message: AMQPMessage,
        within limit: Duration,
        completion: @escaping @Sendable (AMQPPublishOutcome) -> Void
    ) {
        let request = Request(message: message, deadline: MonotonicInstant.now() + limit, completion: completion)
        let isTaken = state.withLock { state in
            guard !state.isFinished, state.waiting.count < self.limit else { return false }
            state.waiting.append(request)
            return true
        }
        guard isTaken else { return completion(.unconfirmed) }
        wakeUp.post()
    }

    /// Queues a message and waits for its outcome, no longer than `limit`.
    public func publish(_ message: AMQPMessage, within limit: Duration) -> AMQPPublishOutcome {
        let outcome = Monitor<AMQPPublishOutcome?>(nil)
        let deadline = MonotonicInstant.now() + limit
        publish(message, within: limit) { result in outcome.withLock { $0 = result } }
        return outcome.take(until: deadline) { $0 } ?? .unconfirmed
    }

    /// Publishes until stopped; then sends the messages that wait, for at most 2 s.
    public func run(until stop: StopSignal) {
        stop.onStop { [wakeUp] in wakeUp.post() }
        var backoff = Backoff(first: .milliseconds(200), limit: .seconds(5))
        while !isDone(stop) {
            do throws(AMQPError) {
                // The pauses grow until a message gets through, not only until a connection stands.
                try serve(until: stop) { backoff.reset() }
            } catch {
                setConnected(false)
                let pause = max(backoff.next(), .milliseconds(20))
                log.disconnected(error)
                let end = MonotonicInstant.now() + pause
                while MonotonicInstant.now() < end, !isDone(stop) {
                    expire()
                    _ = stop.wait(for: min(max(end - MonotonicInstant.now(), .zero), .milliseconds(50)))
                    if stop.isStopped { break }
                }
            }
        }
        let left = state.withLock { state in
            state.isFinished = true
            state.isConnected = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for request in left { request.completion(.unconfirmed) }
    }

    /// Returns true if the service was stopped and a working connection has nothing left to send.
    private func isDone(_ stop: StopSignal) -> Bool {
        stop.isStopped && (!isConnected || state.withLock { $0.waiting.isEmpty })
    }

    /// Runs one connection until it fails or the service is done.
    private func serve(until stop: StopSignal, onConfirm: () -> Void) throws(AMQPError) {
        let connection = try AMQPConnection(configuration, name: name)
        defer { connection.close() }
        try connection.declare(topology)
        let publisher = try AMQPPublisher(connection)
        setConnected(true)
        log.connected()

        var sent: [UInt64: Sent] = [:]
        do throws(AMQPError) {
            try exchange(over: connection, publisher, until: stop, sent: &sent, onConfirm: onConfirm)
        } catch {
            // The broker may or may not have them: they go first over the next connection.
            let unknown = sent.sorted { $0.key < $1.key }.map(\.value.request)
            state.withLock { $0.waiting.insert(contentsOf: unknown, at: 0) }
            throw error
        }
    }

    private func exchange(
        over connection: AMQPConnection,
        _ publisher: AMQPPublisher,
        until stop: StopSignal,
        sent: inout [UInt64: Sent],
        onConfirm: () -> Void
    ) throws(AMQPError) {
        var stoppedAt: MonotonicInstant?
        while true {
            expire()
            let wasBlocked = publisher.blockedReason != nil
            while !wasBlocked, publisher.unconfirmedCount < AMQPPublisher.limit, let request = takeNext() {
                // Counted as sent before the call: an error in it leaves the message unknown, not lost.
                sent[.max] = Sent(request: request, since: .now())
                let tag = try publisher.publish(request.message)
                sent[.max] = nil
                sent[tag] = Sent(request: request, since: .now())
            }
            for confirmation in try publisher.confirmations() {
                onConfirm()
                sent.removeValue(forKey: confirmation.tag)?.request.completion(confirmation.outcome)
            }
            noteAlarm(of: publisher, wasBlocked: wasBlocked, sent: &sent)
            if sent.isEmpty, stop.isStopped, state.withLock({ $0.waiting.isEmpty }) { return }
            if stop.isStopped {
                let since = stoppedAt ?? MonotonicInstant.now()
                stoppedAt = since
                guard MonotonicInstant.now() - since < .seconds(2) else { throw AMQPError(.timeout, "stopped") }
            }
            let isBlocked = publisher.blockedReason != nil
            if !isBlocked, let oldest = sent.values.map(\.since).min(), MonotonicInstant.now() - oldest > confirmLimit {
                throw AMQPError(.timeout, "no confirm in \(confirmLimit)")
            }
            if isBlocked || publisher.unconfirmedCount == AMQPPublisher.limit || state.withLock({ $0.waiting.isEmpty })
            {
                wakeUp.wait(socket: connection.socket, within: .milliseconds(sent.isEmpty ? 250 : 50))
            }
        }
    }

    /// Gives up messages at their deadline during an alarm of the broker, and logs its beginning and end.
    ///
    /// An alarm can last for hours, in which no confirm comes for messages that were sent before it.
    private func noteAlarm(of publisher: AMQPPublisher, wasBlocked: Bool, sent: inout [UInt64: Sent]) {
        if let reason = publisher.blockedReason {
            let now = MonotonicInstant.now()
            for (tag, late) in sent where late.request.deadline < now {
                sent[tag] = nil
                late.request.completion(.unconfirmed)
            }
            guard !wasBlocked else { return }
            setConnected(false)
            log.disconnected(AMQPError(blockedBecause: reason))
        } else if wasBlocked {
            // From now on the broker reads what lay in the sockets.
            for tag in sent.keys { sent[tag]?.since = .now() }
            setConnected(true)
            log.connected()
        }
    }

    /// Takes the next message out of the queue; one at a time, so that the rest stays there when sending fails.
    private func takeNext() -> Request? {
        state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }

    private func setConnected(_ isConnected: Bool) {
        state.withLock { $0.isConnected = isConnected }
    }

    /// Gives up messages that have passed their deadline.
    private func expire() {
        let now = MonotonicInstant.now()
        let late = state.withLock { state in
            guard state.waiting.contains(where: { $0.deadline < now }) else { return [Request]() }
            defer { state.waiting.removeAll { $0.deadline < now } }
            return state.waiting.filter { $0.deadline < now }
        }
        for request in late { request.completion(.unconfirmed) }
    }
}
