package import ObserverCore
package import ObserverStore
package import S3

/// A step of a hold in every store that can lock objects, out of the answers of each.
package struct ProtectionRound: Sendable {
    private let step: LegalHoldStore.Step
    private let terms: StoreTerms
    private var answers: [Destination: S3LegalHolds] = [:]
    private var failures: [Destination: S3Error] = [:]

    package init(_ step: LegalHoldStore.Step, _ terms: StoreTerms) {
        (self.step, self.terms) = (step, terms)
    }

    /// The objects of which each store is told, home first.
    package var requests: [(destination: Destination, keys: [String])] {
        terms.locking.members.compactMap { destination in
            let keys = step.segments.filter { $0.destinations.contains(destination) }.map(\.objectKey)
            return keys.isEmpty ? nil : (destination, keys)
        }
    }

    /// Takes note of the answer of a store.
    package mutating func take(_ answer: Result<S3LegalHolds, S3Error>, from destination: Destination) {
        switch answer {
        case .success(let holds): answers[destination] = holds
        case .failure(let error): failures[destination] = error
        }
    }

    /// The outcome; nil if no store has answered that was asked, so that the step is to be repeated.
    package var outcome: LegalHoldStore.Outcome? {
        guard answers.isEmpty, !failures.isEmpty else {
            var outcome = LegalHoldStore.Outcome(done: [])
            for segment in step.segments {
                if let reason = reason(for: segment) {
                    outcome.refused += 1
                    outcome.error = outcome.error ?? reason
                } else if !step.isOn || !segment.destinations.isDisjoint(with: terms.locking) {
                    outcome.done.append(segment.id)
                }
            }
            return outcome
        }
        return nil
    }

    /// The words of the first store in which the object is not as it should be.
    private func reason(for segment: ExpiringSegment) -> String? {
        if let obstacle = terms.obstacle(in: segment.destinations) { return obstacle }
        for destination in segment.destinations.members where terms.locking.contains(destination) {
            if let error = failures[destination] { return "\(destination.phrase): \(error.detail)" }
            guard let holds = answers[destination] else { continue }
            if let words = holds.refused[segment.objectKey] { return words }
            // What is gone needs no protection, and cannot get any.
            if step.isOn, holds.missing.contains(segment.objectKey) { return "NoSuchKey" }
        }
        return nil
    }
}
