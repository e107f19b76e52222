import System
public import Lifecycle
public import Logging
import Synchronization

/// Publishes for many threads over one connection of its own, and keeps that connection up.
///
/// Run it as a ``Service``. A caller never waits for the network: ``publish(_:within:completion:)`` returns at once, and
/// ``publish(_:within:)`` waits no longer than it says. A message is sent again over a new connection while its deadline
/// has not passed, so a confirmed message can be in its queue twice; it is never lost after `confirmed`. While the broker has
/// an alarm the connection is kept and nothing is sent.
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

    /// Shown in the broker's list of connections and as the thread's name.
    public let name: String
    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let limit: Int
    private let confirmLimit: Duration
    private let log: AMQPConnectionLog
    private let state = Mutex(State())
    private let wakeUp = WakeUp()

    /// Makes a publisher that connects when it is run.
    ///
    /// - Parameters:
    ///   - configuration: The broker.
    ///   - name: Shown in the broker's list of connections.
    ///   - topology: Declared after each connect.
    ///   - logger: Logs when the connection is lost and when it is back.
    ///   - limit: Most messages that may wait; more are `unconfirmed` at once.
    ///   - confirmLimit: A connection on which a confirm takes longer is given up.
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

    /// Whether the broker is connected and takes messages at the moment.
    public var isConnected: Bool { state.withLock { $0.isConnected } }

    /// Hands a message over and returns at once.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - limit: After this it is given up as `unconfirmed`. While a connect hangs that can be known 10 s later.
    ///   - completion: Called once, on the publisher's thread or (nothing could be taken) on the caller's. Keep it short.
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

    /// Hands a message over and waits for its outcome, no longer than `limit`.
    public func publish(_ message: AMQPMessage, within limit: Duration) -> AMQPPublishOutcome {
        let outcome = Monitor<AMQPPublishOutcome?>(nil)
        let deadline = MonotonicInstant.now() + limit
        publish(message, within: limit) { result in outcome.withLock { $0 = result } }
        return outcome.take(until: deadline) { $0 } ?? .unconfirmed
    }

    /// Publishes until stopped; then what is waiting gets its chance until its deadline, 2 s at most.
    public func run(until stop: StopSignal) {
        stop.onStop { [wakeUp] in wakeUp.post() }
        var backoff = Backoff(first: .milliseconds(200), limit: .seconds(5))
        while !isDone(stop) {
            do throws(AMQPError) {
                // A connection is good when a message got through: with one that fails each time, only the pauses help.
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

    /// Stopped, and nothing left that a working connection could still send.
    private func isDone(_ stop: StopSignal) -> Bool {
        stop.isStopped && (!isConnected || state.withLock { $0.waiting.isEmpty })
    }

    /// One connection's life.
    private func serve(until stop: StopSignal, onConfirm: () -> Void) throws(AMQPError) {
        let connection = try AMQPConnection(configuration, name: name)
        defer { connection.close() }
        try connection.declare(topology)
        let publisher = try AMQPPublisher(connection)
        setConnected(true)
        log.connected()

        var sent: [UInt64: Sent] = [:]
        do throws(AMQPError) {
            try exchange(publisher, connection, until: stop, &sent, onConfirm)
        } catch {
            // Not known whether the broker has them: they go first over the next connection.
            let unknown = sent.sorted { $0.key < $1.key }.map(\.value.request)
            state.withLock { $0.waiting.insert(contentsOf: unknown, at: 0) }
            throw error
        }
    }

    private func exchange(
        _ publisher: AMQPPublisher,
        _ connection: AMQPConnection,
        until stop: StopSignal,
        _ sent: inout [UInt64: Sent],
        _ onConfirm: () -> Void
    ) throws(AMQPError) {
        var stoppedAt: MonotonicInstant?
        while true {
            expire()
            let wasBlocked = publisher.blockedReason != nil
            for request in take(wasBlocked ? 0 : AMQPPublisher.limit - publisher.unconfirmedCount) {
                // Counted as sent before the call: an error in it leaves the message unknown, not lost.
                sent[.max] = Sent(request: request, since: .now())
                let tag = try publisher.publish(request.message)
                sent[.max] = nil
                sent[tag] = Sent(request: request, since: .now())
            }
            for resolution in try publisher.resolutions() {
                onConfirm()
                sent.removeValue(forKey: resolution.tag)?.request.completion(resolution.outcome)
            }
            noteAlarm(publisher, wasBlocked, &sent)
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

    /// An alarm can last for hours: what was sent before it is given up at its deadline like what waits, and those who
    /// want to know are told when it comes and goes.
    private func noteAlarm(_ publisher: AMQPPublisher, _ wasBlocked: Bool, _ sent: inout [UInt64: Sent]) {
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
            // The broker reads what lay in the sockets from now on.
            for tag in sent.keys { sent[tag]?.since = .now() }
            setConnected(true)
            log.connected()
        }
    }

    /// The next requests, at most `count`, each to be sent at once by the caller.
    ///
    /// One at a time keeps the rest here
    /// when sending fails.
    private func take(_ count: Int) -> RequestSequence {
        RequestSequence(publisher: self, remaining: count)
    }

    private struct RequestSequence: Sequence, IteratorProtocol {
        let publisher: AMQPConfirmedPublisher
        var remaining: Int

        mutating func next() -> Request? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            return publisher.state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
        }
    }

    private func setConnected(_ isConnected: Bool) {
        state.withLock { $0.isConnected = isConnected }
    }

    /// Gives up what has passed its deadline.
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
