package import ObserverCore
package import ObserverStore
package import S3

/// The deletion of some segments from every store that holds them, out of the answers of each.
///
/// A segment is gone when all of its stores have confirmed it. What one store does not delete does not keep the others from it.
package struct DeletionRound: Sendable {
    package let segments: [ExpiringSegment]
    private let terms: StoreTerms
    private var answers: [Destination: S3Deletion] = [:]
    private var failures: [Destination: S3Error] = [:]

    package init(_ segments: [ExpiringSegment], _ terms: StoreTerms) {
        (self.segments, self.terms) = (segments, terms)
    }

    /// A request to one store.
    package struct Request: Hashable, Sendable {
        package var destination: Destination
        package var keys: [String]
        package var isOfAllVersions: Bool
    }

    /// The requests, home first; each store that can be used is asked once.
    package var requests: [Request] {
        terms.usable.members.compactMap { destination in
            let keys = segments.filter { $0.destinations.contains(destination) }.map(\.objectKey)
            guard !keys.isEmpty else { return nil }
            return Request(
                destination: destination,
                keys: keys,
                isOfAllVersions: terms.ofAllVersions.contains(destination)
            )
        }
    }

    /// Takes note of the answer of a store.
    package mutating func take(_ answer: Result<S3Deletion, S3Error>, from destination: Destination) {
        switch answer {
        case .success(let deletion): answers[destination] = deletion
        case .failure(let error): failures[destination] = error
        }
    }

    // MARK: Outcome

    /// The stores that wrote delete markers, which frees nothing.
    package var markers: DestinationSet { DestinationSet(answers.filter { $1.hasMarkers }.keys) }

    /// True if a store has not answered.
    package var hasFailed: Bool { !failures.isEmpty }

    /// The segments of which no store has an object any more.
    package var gone: [ExpiringSegment] {
        segments.filter { segment in
            segment.destinations.members.allSatisfy { destination in
                answers[destination].map { $0.refused[segment.objectKey] == nil } ?? false
            }
        }
    }

    /// The words about each segment that remains.
    package var reasons: [SegmentID: String] {
        var reasons: [SegmentID: String] = [:]
        for segment in segments {
            for destination in segment.destinations.members {
                if let words = answers[destination]?.refused[segment.objectKey] {
                    reasons[segment.id] = words
                } else if let error = failures[destination] {
                    reasons[segment.id] = "\(destination.phrase): \(error.detail)"
                }
            }
            if let obstacle = terms.obstacle(in: segment.destinations) { reasons[segment.id] = obstacle }
        }
        return reasons
    }

    /// The segments whose objects a store has refused to delete, with what it said.
    package func refused(by destination: Destination) -> (segments: [ExpiringSegment], deletion: S3Deletion)? {
        guard let deletion = answers[destination], !deletion.refused.isEmpty else { return nil }
        return (
            segments.filter {
                $0.destinations.contains(destination) && deletion.refused[$0.objectKey] != nil
            }, deletion
        )
    }

    /// The event that follows.
    ///
    /// - Parameters:
    ///   - locked: The segments that a store protects for a time.
    ///   - count: The segments of the batch that are dealt with, with those that a hold has saved.
    /// - Returns: The event for the schedule.
    package func event(locked: Set<SegmentID>, of count: Int) -> RetentionSchedule.Event {
        var problems: [Destination: String] = [:]
        var isThrottled = failures.values.contains { $0.kind == .throttled }
        for (destination, error) in failures {
            problems[destination] = "\(destination.phrase): \(error.detail)\(error.hint.map { "; \($0)" } ?? "")"
        }
        for (destination, deletion) in answers {
            let refused = (self.refused(by: destination)?.segments ?? []).filter { !locked.contains($0.id) }
            guard let first = refused.first else { continue }
            let tried = segments.count { $0.destinations.contains(destination) }
            isThrottled = isThrottled || refused.contains { deletion.refused[$0.objectKey] == "SlowDown" }
            if isThrottled || refused.count == tried {
                let reason = deletion.refused[first.objectKey] ?? "refused"
                problems[destination] = "\(destination.phrase) does not delete: \(reason)"
            }
        }
        guard let first = problems.min(by: { $0.key.rawValue < $1.key.rawValue }) else {
            return .deleted(count: count)
        }
        if isThrottled || problems.count == terms.usable.count {
            return .notDeleted(isThrottled: isThrottled, problem: first.value)
        }
        return .hindered(count: count, problems)
    }
}
