/// Exchanges, queues and bindings that have to exist before anything is sent.
///
/// Every process declares all it needs with the same arguments; declaring what exists already changes nothing, and
/// declaring it differently is an ``AMQPError`` of kind `conflict`.
public struct AMQPTopology: Sendable, Hashable {
    /// An exchange; always durable.
    public struct Exchange: Sendable, Hashable {
        /// How it routes (AMQP 0-9-1, 3.1.3).
        public enum Kind: String, Sendable { case topic, direct, fanout }
        /// Its name.
        public let name: String
        /// How it routes.
        public let kind: Kind

        /// Makes an exchange.
        public init(_ name: String, _ kind: Kind = .topic) {
            self.name = name
            self.kind = kind
        }
    }

    /// A queue; always durable, never exclusive.
    public struct Queue: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its `x-` arguments.
        public let arguments: [String: AMQPValue]

        /// Makes a queue.
        public init(_ name: String, arguments: [String: AMQPValue] = [:]) {
            self.name = name
            self.arguments = arguments
        }
    }

    /// A rule that brings an exchange's messages to a queue.
    public struct Binding: Sendable, Hashable {
        /// The queue.
        public let queue: String
        /// The exchange.
        public let exchange: String
        /// The routing key or pattern.
        public let key: String

        /// Makes a binding.
        public init(queue: String, exchange: String, key: String) {
            self.queue = queue
            self.exchange = exchange
            self.key = key
        }
    }

    /// The exchanges, declared first.
    public var exchanges: [Exchange]
    /// The queues.
    public var queues: [Queue]
    /// The bindings, declared last.
    public var bindings: [Binding]

    /// Makes a topology.
    public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Both topologies, each thing once.
    public func merged(with other: AMQPTopology) -> AMQPTopology {
        func union<T: Hashable>(_ left: [T], _ right: [T]) -> [T] { left + right.filter { !left.contains($0) } }
        return AMQPTopology(
            exchanges: union(exchanges, other.exchanges),
            queues: union(queues, other.queues),
            bindings: union(bindings, other.bindings)
        )
    }
}
