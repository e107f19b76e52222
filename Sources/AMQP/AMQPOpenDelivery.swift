import Synchronization

/// A delivery that is acknowledged once, from any thread.
///
/// After its connection has gone, nothing is sent: the broker delivers the message again.
public final class AMQPOpenDelivery: Sendable {
    /// The delivery.
    public let delivery: AMQPDelivery
    private let acknowledgements: AMQPAcknowledgements
    private let generation: Int
    private let isResolved = Atomic<Bool>(false)

    init(_ delivery: AMQPDelivery, generation: Int, acknowledgements: AMQPAcknowledgements) {
        self.delivery = delivery
        self.generation = generation
        self.acknowledgements = acknowledgements
    }

    /// Acknowledges the delivery; the broker may forget the message.
    public func acknowledge() { resolve(.acknowledge) }

    /// Returns the message to the queue at once.
    public func requeue() { resolve(.requeue) }

    /// Sends the message to the queue's dead-letter exchange.
    public func reject() { resolve(.reject) }

    private func resolve(_ verdict: AMQPAcknowledgements.Verdict) {
        guard !isResolved.exchange(true, ordering: .acquiringAndReleasing) else { return }
        acknowledgements.add(AMQPAcknowledgements.Entry(tag: delivery.tag, generation: generation, verdict: verdict))
    }
}
