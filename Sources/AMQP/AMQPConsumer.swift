import CRabbitMQ

/// A consumer of one queue on one connection, for one thread, with manual acknowledgement.
public final class AMQPConsumer {
    private static let tag = "observer"
    private let connection: AMQPConnection

    /// Starts to consume.
    ///
    /// - Parameters:
    ///   - connection: A connection without a publisher.
    ///   - queue: The queue; it must exist.
    ///   - prefetch: The most deliveries that may be unacknowledged, 1 to 65535.
    /// - Throws: ``AMQPError``.
    public init(_ connection: AMQPConnection, queue: String, prefetch: UInt16) throws(AMQPError) {
        self.connection = connection
        try connection.request("set the prefetch") { state, _ in
            amqp_basic_qos(state, AMQPConnection.channel, 0, max(1, prefetch), 0) != nil
        }
        try connection.request("consume \(queue)") { state, arena in
            let (name, tag) = (arena.bytes(queue), arena.bytes(Self.tag))
            // Also messages of this connection, acknowledged, not exclusive.
            return amqp_basic_consume(state, AMQPConnection.channel, name, tag, 0, 0, 0, amqp_empty_table) != nil
        }
    }

    /// Returns the next delivery, or nil if none came in time.
    ///
    /// It serves heartbeats, so call it several times in a heartbeat.
    ///
    /// - Throws: ``AMQPError`` when the consumer has ended: connection or channel closed, consumer cancelled.
    public func next(within limit: Duration = .milliseconds(250)) throws(AMQPError) -> AMQPDelivery? {
        // An alarm blocks publishers; a consumer goes on and its acknowledgements reach the broker.
        guard case .delivery(let delivery)? = try connection.nextEvent(within: limit) else { return nil }
        return delivery
    }

    /// Acknowledges a delivery.
    public func acknowledge(_ tag: UInt64) throws(AMQPError) {
        try connection.send("acknowledge") { amqp_basic_ack($0, AMQPConnection.channel, tag, 0) }
    }

    /// Rejects a delivery: back to the queue, or (`requeue` false) to the queue's dead-letter exchange.
    public func reject(_ tag: UInt64, requeue: Bool) throws(AMQPError) {
        try connection.send("reject") { amqp_basic_nack($0, AMQPConnection.channel, tag, 0, requeue ? 1 : 0) }
    }

    /// Stops further deliveries; those received can still be acknowledged.
    public func cancel() throws(AMQPError) {
        try connection.request("cancel the consumer") { state, arena in
            amqp_basic_cancel(state, AMQPConnection.channel, arena.bytes(Self.tag)) != nil
        }
    }
}

@available(*, unavailable)
extension AMQPConsumer: Sendable {}
