import CRabbitMQ
import System

/// A publisher with confirms on one connection, for one thread.
///
/// Every message is persistent and mandatory. At most ``limit`` messages are unconfirmed at a time, because a broker
/// with an alarm stops reading and then a full socket buffer would block the thread (<https://www.rabbitmq.com/docs/confirms>).
///
///     let connection = try AMQPConnection(AMQPConfiguration(url: "amqp://host/vhost"), name: "example")
///     try connection.declare(AMQPTopology(queues: [AMQPQueue("work")]))
///     let publisher = try AMQPPublisher(connection)
///     let tag = try publisher.publish(AMQPMessage(exchange: "", routingKey: "work", body: bytes))
///     let isSafe = try publisher.waitForConfirms(within: .seconds(5))[tag] == .confirmed
///
/// ``AMQPConfirmedPublisher`` is the same as a service for many threads, which reconnects.
public final class AMQPPublisher {
    /// The most messages without a confirm.
    public static let limit = 64

    /// The outcome of one published message.
    public struct Confirmation: Sendable, Hashable {
        /// The tag that ``AMQPPublisher/publish(_:)`` returned.
        public let tag: UInt64
        /// `confirmed`, `returned` or `refused`.
        public let outcome: AMQPPublishOutcome
    }

    private let connection: AMQPConnection
    private var lastTag: UInt64 = 0
    private var unconfirmed: [UInt64] = []
    private var returned: Set<UInt64> = []
    /// The broker's reason for taking no messages; nil while it takes them.
    ///
    /// Messages sent meanwhile stay in the sockets, and a full one blocks the thread.
    public private(set) var blockedReason: String?

    /// Puts the connection's channel into confirm mode.
    ///
    /// - Throws: ``AMQPError``.
    public init(_ connection: AMQPConnection) throws(AMQPError) {
        self.connection = connection
        try connection.request("switch confirms on") { state, _ in
            amqp_confirm_select(state, AMQPConnection.channel) != nil
        }
    }

    /// The number of messages that wait for their confirm.
    public var unconfirmedCount: Int { unconfirmed.count }

    /// Sends a message without waiting for its confirm.
    ///
    /// - Returns: The tag of its ``Confirmation``; tags count up from 1.
    /// - Throws: ``AMQPError``, of kind `blocked` if ``limit`` messages are unconfirmed.
    public func publish(_ message: AMQPMessage) throws(AMQPError) -> UInt64 {
        guard unconfirmed.count < Self.limit else {
            throw AMQPError(.blocked, "\(Self.limit) messages are unconfirmed")
        }
        guard message.routingKey.utf8.count <= 255, message.exchange.utf8.count <= 255 else {
            throw AMQPError(.protocolViolation, "a routing key of more than 255 bytes")
        }
        let tag = lastTag + 1
        try connection.send("publish to \(message.exchange)") { state in
            RabbitMQArena.with { arena in
                var properties = Self.properties(of: message, tag: tag, in: &arena)
                let exchange = arena.bytes(message.exchange)
                let key = arena.bytes(message.routingKey)
                return message.body.withUnsafeBytes { body in
                    let bytes = amqp_bytes_t(
                        len: body.count,
                        bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)
                    )
                    return amqp_basic_publish(state, AMQPConnection.channel, exchange, key, 1, 0, &properties, bytes)
                }
            }
        }
        lastTag = tag
        unconfirmed.append(tag)
        return tag
    }

    /// Returns the broker's answers since the last call, in their order.
    ///
    /// - Parameter limit: The time to wait while nothing has arrived.
    /// - Returns: The outcomes that are known now.
    /// - Throws: ``AMQPError`` when the connection is unusable; unconfirmed messages are then in doubt.
    public func confirmations(within limit: Duration = .zero) throws(AMQPError) -> [Confirmation] {
        var confirmations: [Confirmation] = []
        var wait = limit
        while let event = try connection.nextEvent(within: wait) {
            switch event {
            case .confirmed(let tag, let isMultiple):
                confirmations += confirm(tag, isMultiple: isMultiple, as: .confirmed)
            case .refused(let tag, let isMultiple):
                confirmations += confirm(tag, isMultiple: isMultiple, as: .refused)
            case .returned(let correlation): if let tag = UInt64(correlation) { returned.insert(tag) }
            case .blocked(let reason): blockedReason = reason
            case .unblocked: blockedReason = nil
            case .delivery: break
            }
            if !confirmations.isEmpty { wait = .zero }
        }
        return confirmations
    }

    /// Waits until every published message has its outcome.
    ///
    /// - Returns: The outcomes by tag.
    /// - Throws: ``AMQPError`` if a confirm is missing at the limit: of kind `timeout`, or `blocked` if the broker has an
    ///   alarm.
    public func waitForConfirms(within limit: Duration) throws(AMQPError) -> [UInt64: AMQPPublishOutcome] {
        let deadline = MonotonicInstant.now() + limit
        var outcomes: [UInt64: AMQPPublishOutcome] = [:]
        while !unconfirmed.isEmpty {
            let remaining = deadline - MonotonicInstant.now()
            guard remaining > .zero else {
                if let blockedReason { throw AMQPError(blockedBecause: blockedReason) }
                throw AMQPError(.timeout, "\(unconfirmed.count) confirms are missing")
            }
            for confirmation in try confirmations(within: remaining) {
                outcomes[confirmation.tag] = confirmation.outcome
            }
        }
        return outcomes
    }

    private func confirm(_ tag: UInt64, isMultiple: Bool, as outcome: AMQPPublishOutcome) -> [Confirmation] {
        let tags = unconfirmed.filter { isMultiple ? $0 <= tag : $0 == tag }
        unconfirmed.removeAll { isMultiple ? $0 <= tag : $0 == tag }
        return tags.map { tag in
            // basic.return comes before the confirm of the same message.
            let wasReturned = returned.remove(tag) != nil
            return Confirmation(tag: tag, outcome: wasReturned ? .returned : outcome)
        }
    }

    private static func properties(
        of message: AMQPMessage,
        tag: UInt64,
        in arena: inout RabbitMQArena
    ) -> amqp_basic_properties_t {
        var properties = amqp_basic_properties_t()
        var flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG
        properties.delivery_mode = UInt8(AMQP_DELIVERY_PERSISTENT.rawValue)
        properties.correlation_id = arena.bytes(String(tag))
        if let id = message.messageID {
            flags |= AMQP_BASIC_MESSAGE_ID_FLAG
            properties.message_id = arena.bytes(id)
        }
        if let type = message.contentType {
            flags |= AMQP_BASIC_CONTENT_TYPE_FLAG
            properties.content_type = arena.bytes(type)
        }
        if !message.headers.isEmpty {
            flags |= AMQP_BASIC_HEADERS_FLAG
            properties.headers = arena.table(message.headers)
        }
        if let expiration = message.expiration {
            flags |= AMQP_BASIC_EXPIRATION_FLAG
            properties.expiration = arena.bytes(String(max(0, expiration.wholeMilliseconds)))
        }
        properties._flags = amqp_flags_t(flags)
        return properties
    }
}

@available(*, unavailable)
extension AMQPPublisher: Sendable {}
