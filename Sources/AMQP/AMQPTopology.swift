/// The exchanges, queues and bindings that must exist before a message is sent.
///
/// Every process declares all it needs with the same arguments. Declaring what exists changes nothing; declaring it with
/// other arguments is an ``AMQPError`` of kind `conflict`.
public struct AMQPTopology: Sendable, Hashable {
    /// The exchanges, declared first.
    public var exchanges: [AMQPExchange]
    /// The queues.
    public var queues: [AMQPQueue]
    /// The bindings, declared last.
    public var bindings: [AMQPBinding]

    /// Creates a topology.
    public init(exchanges: [AMQPExchange] = [], queues: [AMQPQueue] = [], bindings: [AMQPBinding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Returns both topologies as one, with each element once.
    public func merged(with other: AMQPTopology) -> AMQPTopology {
        func union<T: Hashable>(_ left: [T], _ right: [T]) -> [T] { left + right.filter { !left.contains($0) } }
        return AMQPTopology(
            exchanges: union(exchanges, other.exchanges),
            queues: union(queues, other.queues),
            bindings: union(bindings, other.bindings)
        )
    }
}
