/// The broker's answer to a published message.
public enum AMQPPublishOutcome: Sendable, Hashable {
    /// The broker has the message, on disk where the queue is durable.
    case confirmed
    /// No queue is bound to the key, so the broker dropped the message.
    case returned
    /// The broker refused the message: the queue is full, or the broker has an internal error.
    case refused
    /// The broker may or may not have the message: there was no connection, or no confirm before the deadline.
    case unconfirmed
}
