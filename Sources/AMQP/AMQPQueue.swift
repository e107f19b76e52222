/// A durable queue that is not exclusive to a connection.
public struct AMQPQueue: Sendable, Hashable {
    /// The queue's name.
    public let name: String
    /// The `x-` arguments.
    public let arguments: [String: AMQPValue]
    /// True if its messages are copies of what is known elsewhere: a queue of this name with other arguments, which an earlier
    /// version declared, is deleted with them.
    public let isReplaceable: Bool

    /// Creates a queue.
    public init(_ name: String, arguments: [String: AMQPValue] = [:], isReplaceable: Bool = false) {
        self.name = name
        self.arguments = arguments
        self.isReplaceable = isReplaceable
    }
}
