/// A value in a header or arguments table.
///
/// Kinds that Observer has no use for (tables, arrays, times) are not read.
public enum AMQPValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    /// Text, UTF-8.
    case string(String)
    /// A whole number of any width.
    case int(Int64)
    /// A truth value.
    case bool(Bool)

    /// Text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// A message on its way to the broker.
///
/// It is always sent persistent and `mandatory`.
public struct AMQPMessage: Sendable, Hashable {
    /// The exchange; empty for the default exchange, whose key is a queue's name.
    public var exchange: String
    /// The routing key, at most 255 bytes.
    public var routingKey: String
    /// The body.
    public var body: [UInt8]
    /// The `message-id` property.
    public var messageID: String?
    /// The `content-type` property.
    public var contentType: String?
    /// The `headers` property.
    public var headers: [String: AMQPValue]
    /// The `expiration` property, whole milliseconds: how long it may wait in a queue.
    ///
    /// Not read from deliveries.
    public var expiration: Duration?

    /// Makes a message.
    public init(
        exchange: String,
        routingKey: String,
        body: [UInt8],
        messageID: String? = nil,
        contentType: String? = "application/json",
        headers: [String: AMQPValue] = [:],
        expiration: Duration? = nil
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.body = body
        self.messageID = messageID
        self.contentType = contentType
        self.headers = headers
        self.expiration = expiration
    }
}

/// A message as it came from a queue.
public struct Delivery: Sendable, Hashable {
    /// The number to acknowledge it by, valid on its connection only.
    public let tag: UInt64
    /// Whether the broker has handed it out before.
    public let isRedelivered: Bool
    /// The message; `exchange` and `routingKey` are those it was published with.
    public let message: AMQPMessage
}

/// What became of a published message.
public enum PublishOutcome: Sendable, Hashable {
    /// The broker has it, on disk where the queue is durable.
    case confirmed
    /// No queue is bound to the key: the broker dropped it.
    case returned
    /// The broker refused it (the queue is full, or the broker has trouble).
    case refused
    /// It is not known whether the broker has it: no connection, or no confirm before the deadline.
    case unconfirmed
}
