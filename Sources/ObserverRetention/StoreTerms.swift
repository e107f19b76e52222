package import ObserverCore
package import ObserverStore

/// The terms by which the stores delete: of those that can be used, and the trouble with the others.
package struct StoreTerms: Hashable, Sendable {
    private var states: [Destination: RetentionBucketState] = [:]
    private var troubles: [Destination: String] = [:]

    /// The terms before any store was asked.
    package init() {}

    /// The terms that follow from the verdicts about all stores that are set up.
    package init(_ verdicts: [Destination: BucketTerms.Verdict]) {
        for (destination, verdict) in verdicts {
            switch verdict {
            case .usable(let state): states[destination] = state
            case .unusable(let problem): troubles[destination] = problem
            }
        }
    }

    /// The stores that can be asked to delete.
    package var usable: DestinationSet { DestinationSet(states.keys) }
    /// The stores that are set up and cannot be used.
    package var troubled: DestinationSet { DestinationSet(troubles.keys) }
    /// The stores in which retention deletes all versions.
    package var ofAllVersions: DestinationSet { DestinationSet(states.filter { $1.versions == .deleted }.keys) }
    /// The stores that can lock objects.
    package var locking: DestinationSet { DestinationSet(states.filter { $1.hasObjectLock }.keys) }

    /// Takes note of a store that does not delete.
    package mutating func exclude(_ destination: Destination, because problem: String) {
        states[destination] = nil
        troubles[destination] = problem
    }

    /// The trouble with the first of the stores that cannot be used, as a sentence.
    package var problem: String? {
        guard let (destination, problem) = troubles.min(by: { $0.key.rawValue < $1.key.rawValue }) else { return nil }
        guard !states.isEmpty else { return problem }
        return "\(RetentionStatusStore.Status.inPart)what lies in \(destination.phrase) remains: \(problem)"
    }

    /// The reason for which something cannot be deleted from these stores; nil where it can from each.
    package func obstacle(in destinations: DestinationSet) -> String? {
        for destination in destinations.members where states[destination] == nil {
            guard let trouble = troubles[destination] else {
                return "it lies in \(destination.phrase) as well, which is not set up"
            }
            return "\(destination.phrase) cannot be used: \(trouble)"
        }
        return nil
    }

    /// The state of all that can be used, for people: what takes the most room counts.
    package var summary: RetentionBucketState? {
        let order: [RetentionBucketState.Versions] = [.kept, .unknown, .deleted, .none]
        let found = states.values.map(\.versions)
        guard let versions = order.first(where: { found.contains($0) }) else { return nil }
        return RetentionBucketState(versions: versions, hasObjectLock: !locking.isEmpty)
    }
}

extension Destination {
    /// The store as a sentence calls it.
    package var phrase: String {
        switch self {
        case .home: "the store"
        case .second: "the second store"
        case .third: "the third store"
        }
    }
}
