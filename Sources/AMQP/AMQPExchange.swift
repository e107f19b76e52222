/// A durable exchange.
public struct AMQPExchange: Sendable, Hashable {
    /// The routing rule (AMQP 0-9-1, section 3.1.3).
    public enum Kind: String, Sendable { case topic, direct, fanout }

    /// The exchange's name.
    public let name: String
    /// The exchange's routing rule.
    public let kind: Kind

    /// Creates an exchange.
    public init(_ name: String, _ kind: Kind = .topic) {
        self.name = name
        self.kind = kind
    }
}
