/// A message received from a queue.
public struct AMQPDelivery: Sendable, Hashable {
    /// The delivery tag to acknowledge with; valid on its connection only.
    public let tag: UInt64
    /// True if the broker has delivered the message before.
    public let isRedelivered: Bool
    /// The message; `exchange` and `routingKey` are those it was published with.
    public let message: AMQPMessage
}
