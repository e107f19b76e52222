/// A rule that routes messages of an exchange to a queue.
public struct AMQPBinding: Sendable, Hashable {
    /// The queue's name.
    public let queue: String
    /// The exchange's name.
    public let exchange: String
    /// The routing key, or a pattern for a topic exchange.
    public let key: String

    /// Creates a binding.
    public init(queue: String, exchange: String, key: String) {
        self.queue = queue
        self.exchange = exchange
        self.key = key
    }
}
