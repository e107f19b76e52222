import CRabbitMQ

/// Takes messages from a queue on one connection, from one thread, with manual acknowledgement.
public final class AMQPConsumer {
    private let connection: AMQPConnection
    private let consumerTag: String

    /// Starts to consume.
    ///
    /// - Parameters:
    ///   - connection: A connection without a publisher.
    ///   - queue: The queue; it must exist.
    ///   - prefetch: Most deliveries that may be unacknowledged, 1 to 65535.
    /// - Throws: ``AMQPError``.
    public init(_ connection: AMQPConnection, queue: String, prefetch: UInt16) throws(AMQPError) {
        self.connection = connection
        consumerTag = "observer"
        try connection.request("set the prefetch") { state, _ in
            amqp_basic_qos(state, AMQPConnection.channel, 0, max(1, prefetch), 0) != nil
        }
        let tag = consumerTag
        try connection.request("consume \(queue)") { state, arena in
            amqp_basic_consume(
                state,
                AMQPConnection.channel,
                arena.bytes(queue),
                arena.bytes(tag),
                0,
                0,
                0,
                amqp_empty_table
            ) != nil
        }
    }

    /// The next delivery, or nil when none came in time.
    ///
    /// Call it several times in a heartbeat: it serves them.
    ///
    /// - Throws: ``AMQPError`` when the consumer has come to its end: connection or channel closed, consumer cancelled.
    public func next(within limit: Duration = .milliseconds(250)) throws(AMQPError) -> AMQPDelivery? {
        // An alarm blocks publishers; a consumer goes on and its acknowledgements reach the broker.
        guard case .delivery(let delivery)? = try connection.nextEvent(within: limit) else { return nil }
        return delivery
    }

    /// Tells the broker that a delivery is done.
    public func acknowledge(_ tag: UInt64) throws(AMQPError) {
        let status = connection.call { amqp_basic_ack($0, AMQPConnection.channel, tag, 0) }
        try connection.sent(status, "acknowledge")
    }

    /// Gives a delivery back: to the queue, or (`requeue` false) to the queue's dead-letter exchange.
    public func reject(_ tag: UInt64, requeue: Bool) throws(AMQPError) {
        let status = connection.call { amqp_basic_nack($0, AMQPConnection.channel, tag, 0, requeue ? 1 : 0) }
        try connection.sent(status, "reject")
    }

    /// Takes no further deliveries; those taken can still be acknowledged.
    public func cancel() throws(AMQPError) {
        let tag = consumerTag
        try connection.request("cancel the consumer") { state, arena in
            amqp_basic_cancel(state, AMQPConnection.channel, arena.bytes(tag)) != nil
        }
    }
}

@available(*, unavailable)
extension AMQPConsumer: Sendable {}
