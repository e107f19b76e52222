/// A message to publish, or the one inside an ``AMQPDelivery``.
///
/// Messages are always sent persistent and `mandatory`.
public struct AMQPMessage: Sendable, Hashable {
    /// The exchange; empty for the default exchange, whose routing key is a queue's name.
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
    /// The `expiration` property: how long the message may wait in a queue, sent in whole milliseconds.
    ///
    /// Not read from deliveries.
    public var expiration: Duration?

    /// Creates a message.
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
