import Lifecycle

/// Lets only so many cameras be opened at once: two hundred that start together would all time out.
///
/// A place counts for a second. Who has not answered by then goes on without one: cameras that hang until their deadline
/// must not keep out one that has come back.
final class Admission: Sendable {
    private let places: Monitor<Places>

    init(limit: Int) {
        places = Monitor(Places(limit: limit))
    }

    /// Waits for a place, to be given back with `leave`; nil when `stop` was stopped before there was one.
    func enter(until stop: StopSignal) -> Places.Ticket? {
        while !stop.isStopped {
            let ticket = places.take(until: MonotonicInstant.now() + .milliseconds(100)) { $0.take(at: .now()) }
            if let ticket { return ticket }
        }
        return nil
    }

    func leave(_ ticket: Places.Ticket) {
        places.withLock { $0.giveBack(ticket) }
    }
}

/// Places that become free when they are given back, or after a second.
///
/// A pure value.
struct Places: Sendable {
    typealias Ticket = Int

    private static let term = Duration.seconds(1)

    private let limit: Int
    private var taken: [Ticket: MonotonicInstant] = [:]
    private var next = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a place; nil if there is none.
    mutating func take(at now: MonotonicInstant) -> Ticket? {
        if taken.count >= limit { taken = taken.filter { now - $0.value < Self.term } }
        guard taken.count < limit else { return nil }
        next += 1
        taken[next] = now
        return next
    }

    /// Gives a place back; one that has run out is nobody's any more.
    mutating func giveBack(_ ticket: Ticket) {
        taken[ticket] = nil
    }
}
