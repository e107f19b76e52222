import CRabbitMQ

/// A method that the broker sent on its own.
enum AMQPBrokerEvent {
    case confirmed(tag: UInt64, isMultiple: Bool)
    case refused(tag: UInt64, isMultiple: Bool)
    /// A message that no queue wanted; `correlation` is what its publisher wrote into `correlation-id`.
    case returned(correlation: String)
    case delivery(AMQPDelivery)
    /// The broker has an alarm and takes no messages until further notice.
    case blocked(reason: String)
    case unblocked
}
