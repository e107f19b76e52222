/// A durable queue that is not exclusive to a connection.
public struct AMQPQueue: Sendable, Hashable {
    /// The queue's name.
    public let name: String
    /// The `x-` arguments.
    public let arguments: [String: AMQPValue]

    /// Creates a queue.
    public init(_ name: String, arguments: [String: AMQPValue] = [:]) {
        self.name = name
        self.arguments = arguments
    }
}
