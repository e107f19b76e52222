package import ObserverCore
package import System

/// Decides which destination a segment goes to next: `(what has it, which destinations are in trouble, now) -> where to`.
///
/// The first ones in order are wanted. One that has taken nothing and answered with trouble for a while is passed over, and
/// the next in order takes its place; now and then one segment tries it first, so that it has its place back as soon as it
/// takes something. Nothing here does I/O, and with one destination nothing is ever decided.
package struct DestinationChoice: Sendable {
    /// The time between two tries of a destination that is passed over.
    package static let probeInterval: Duration = .seconds(15)

    private struct State {
        var takenAt: MonotonicInstant?
        /// Since when it has taken nothing, although it was asked to.
        var troubledSince: MonotonicInstant?
        var nextProbe: MonotonicInstant?
        var isReported = false
    }

    /// The destinations, the first of which are wanted.
    package let order: [Destination]
    /// The number of destinations that must have a segment.
    package let copies: Int
    private let patience: Duration
    private var states: [Destination: State] = [:]

    /// Creates a choice among destinations that are well.
    ///
    /// - Parameters:
    ///   - order: The destinations, home first.
    ///   - copies: The number of them that must have a segment.
    ///   - patience: The time after which one that takes nothing is passed over.
    package init(among order: [Destination], copies: Int, patience: Duration) {
        self.order = order.isEmpty ? [.home] : order
        self.copies = min(max(copies, 1), self.order.count)
        self.patience = patience
    }

    // MARK: - Questions

    /// The destinations that segments belong in.
    package var wanted: DestinationSet { DestinationSet(order.prefix(copies)) }

    /// The destinations that were reported as passed over and have taken nothing since.
    package var passedOver: DestinationSet { DestinationSet(order.filter { states[$0]?.isReported == true }) }

    /// Returns true if a segment that these have needs no other.
    package func isDone(_ held: DestinationSet) -> Bool { held.intersection(DestinationSet(order)).count >= copies }

    /// Returns true for a destination whose place another one takes.
    package func isPassedOver(_ destination: Destination, now: MonotonicInstant) -> Bool {
        guard order.count > 1, let since = states[destination]?.troubledSince else { return false }
        return now - since >= patience
    }

    /// The destinations that a segment may go to now, the one to ask first in front.
    ///
    /// - Parameters:
    ///   - held: Those that have it.
    ///   - now: The present moment.
    /// - Returns: Those that are passed over and due for a try, up to the first that is not passed over.
    package func candidates(_ held: DestinationSet, now: MonotonicInstant) -> [Destination] {
        var found: [Destination] = []
        for destination in order where !held.contains(destination) {
            guard isPassedOver(destination, now: now) else { return found + [destination] }
            if states[destination]?.nextProbe.map({ now >= $0 }) ?? true { found.append(destination) }
        }
        return found
    }

    /// Returns true if a segment may go to a destination that is not passed over.
    package func hasOpen(_ held: DestinationSet, now: MonotonicInstant) -> Bool {
        order.contains { !held.contains($0) && !isPassedOver($0, now: now) }
    }

    // MARK: - Events

    /// Takes note that a segment is sent there.
    package mutating func begun(_ destination: Destination, now: MonotonicInstant) {
        guard isPassedOver(destination, now: now) else { return }
        states[destination]?.nextProbe = now + Self.probeInterval
    }

    /// Takes note that a destination has a segment.
    ///
    /// - Returns: True if it was reported as passed over.
    package mutating func taken(_ destination: Destination, now: MonotonicInstant) -> Bool {
        let wasTroubled = states[destination]?.troubledSince != nil
        let wasReported = states[destination]?.isReported == true
        states[destination] = State(takenAt: now)
        guard wasTroubled else { return wasReported }
        // Perhaps the line was down: then those in front of it work again as well.
        for other in order.prefix(while: { $0 != destination }) where states[other]?.troubledSince != nil {
            states[other]?.nextProbe = now
        }
        return wasReported
    }

    /// Takes note that a destination did not take a segment, for a reason that others may not have.
    ///
    /// - Parameters:
    ///   - destination: The destination.
    ///   - begun: The moment at which it was asked.
    ///   - now: The present moment.
    package mutating func troubled(_ destination: Destination, begun: MonotonicInstant, now: MonotonicInstant) {
        var state = states[destination] ?? State()
        let since = max(begun, state.takenAt ?? begun)
        state.troubledSince = min(state.troubledSince ?? since, since)
        state.nextProbe = now + Self.probeInterval
        states[destination] = state
    }

    /// Returns the destinations that have come to be passed over since the last call.
    package mutating func newlyPassedOver(now: MonotonicInstant) -> [Destination] {
        let found = order.filter { isPassedOver($0, now: now) && states[$0]?.isReported == false }
        for destination in found { states[destination]?.isReported = true }
        return found
    }
}
