import System
import CRabbitMQ

/// Publishes with confirms on one connection, from one thread.
///
/// Every message is persistent and mandatory. At most ``limit`` messages are unconfirmed at a time, because a broker
/// with an alarm stops reading and then a full socket buffer would block the thread (<https://www.rabbitmq.com/docs/confirms>).
public final class AMQPPublisher {
    /// Most messages without a confirm.
    public static let limit = 64

    /// The outcome of one published message.
    public struct Confirmation: Sendable, Hashable {
        /// What ``AMQPPublisher/publish(_:)`` gave for it.
        public let tag: UInt64
        /// `confirmed`, `returned` or `refused`.
        public let outcome: AMQPPublishOutcome
    }

    private let connection: AMQPConnection
    private var lastTag: UInt64 = 0
    private var unconfirmed: [UInt64] = []
    private var returned: Set<UInt64> = []
    /// Why the broker takes no messages at the moment; nil while it does.
    ///
    /// What is sent meanwhile stays in the sockets, and a full one blocks the thread.
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

    /// How many messages wait for their confirm.
    public var unconfirmedCount: Int { unconfirmed.count }

    /// Sends a message and does not wait for its confirm.
    ///
    /// - Returns: A number to find its ``Confirmation`` by; they count up from 1.
    /// - Throws: ``AMQPError``; of kind `blocked` when ``limit`` messages are unconfirmed.
    public func publish(_ message: AMQPMessage) throws(AMQPError) -> UInt64 {
        guard unconfirmed.count < Self.limit else {
            throw AMQPError(.blocked, "\(Self.limit) messages are unconfirmed")
        }
        guard message.routingKey.utf8.count <= 255, message.exchange.utf8.count <= 255 else {
            throw AMQPError(.protocolViolation, "a routing key of more than 255 bytes")
        }
        let tag = lastTag + 1
        let status = connection.call { state in
            Arena.with { arena in
                var properties = Self.properties(of: message, tag: tag, &arena)
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
        try connection.sent(status, "publish to \(message.exchange)")
        lastTag = tag
        unconfirmed.append(tag)
        return tag
    }

    /// What the broker has said since the last call, in the order it said it.
    ///
    /// - Parameter limit: How long to wait when nothing has arrived yet.
    /// - Returns: The outcomes that are known now.
    /// - Throws: ``AMQPError`` when the connection is of no more use; whatever is unconfirmed then stays unknown.
    public func resolutions(within limit: Duration = .zero) throws(AMQPError) -> [Confirmation] {
        var resolved: [Confirmation] = []
        var wait = limit
        while let event = try connection.nextEvent(within: wait) {
            switch event {
            case .confirmed(let tag, let isMultiple): resolve(tag, isMultiple, .confirmed, into: &resolved)
            case .refused(let tag, let isMultiple): resolve(tag, isMultiple, .refused, into: &resolved)
            case .returned(let correlation): if let tag = UInt64(correlation) { returned.insert(tag) }
            case .blocked(let reason): blockedReason = reason
            case .unblocked: blockedReason = nil
            case .delivery: break
            }
            if !resolved.isEmpty { wait = .zero }
        }
        return resolved
    }

    /// Waits until every published message has its outcome.
    ///
    /// - Returns: The outcomes by tag.
    /// - Throws: ``AMQPError`` when a confirm is missing at the limit: of kind `timeout`, or `blocked` where the broker has
    ///   an alarm.
    public func waitForConfirms(within limit: Duration) throws(AMQPError) -> [UInt64: AMQPPublishOutcome] {
        let deadline = MonotonicInstant.now() + limit
        var outcomes: [UInt64: AMQPPublishOutcome] = [:]
        while !unconfirmed.isEmpty {
            let remaining = deadline - MonotonicInstant.now()
            guard remaining > .zero else { throw AMQPError(missing: unconfirmed.count, blockedReason) }
            for resolution in try resolutions(within: remaining) { outcomes[resolution.tag] = resolution.outcome }
        }
        return outcomes
    }

    private func resolve(
        _ tag: UInt64,
        _ isMultiple: Bool,
        _ outcome: AMQPPublishOutcome,
        into resolved: inout [Confirmation]
    ) {
        let tags = unconfirmed.filter { isMultiple ? $0 <= tag : $0 == tag }
        unconfirmed.removeAll { isMultiple ? $0 <= tag : $0 == tag }
        for tag in tags {
            // basic.return comes before the confirm of the same message.
            let wasReturned = returned.remove(tag) != nil
            resolved.append(Confirmation(tag: tag, outcome: wasReturned ? .returned : outcome))
        }
    }

    private static func properties(
        of message: AMQPMessage,
        tag: UInt64,
        _ arena: inout Arena
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

extension AMQPError {
    fileprivate init(missing count: Int, _ blockedReason: String?) {
        self =
            blockedReason.map { AMQPError(blockedBecause: $0) } ?? AMQPError(.timeout, "\(count) confirms are missing")
    }

    init(blockedBecause reason: String) {
        self.init(.blocked, "the broker takes no messages: \(reason)")
    }
}
