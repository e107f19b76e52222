import System

/// Acknowledgements on their way from the threads that decided them to the consumer's thread.
final class AMQPAcknowledgements: Sendable {
    enum Verdict { case acknowledge, requeue, reject }

    struct Entry {
        let tag: UInt64
        /// The number of the connection that the delivery came over; tags of others mean nothing.
        let generation: Int
        let verdict: Verdict
    }

    private let entries = Lock<[Entry]>([])
    let wakeUp = WakeUp()

    func add(_ entry: Entry) {
        entries.withLock { $0.append(entry) }
        wakeUp.post()
    }

    func takeAll() -> [Entry] {
        entries.withLock { entries in
            defer { entries.removeAll(keepingCapacity: true) }
            return entries
        }
    }
}
