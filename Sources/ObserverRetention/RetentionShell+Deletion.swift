import Errors
import Logging
import ObserverConfiguration
import ObserverCore
import ObserverStore
import Postgres
import S3

extension RetentionShell {
    /// The segments of one batch for whose locks the store is asked; the rest are asked about with their next try.
    private static let mostAsked = 200

    func delete(_ segments: [ExpiringSegment], _ terms: StoreTerms) throws(PostgresError) -> RetentionSchedule.Event {
        let store = ExpiryStore(connection)
        // A hold that was written since the decision saves what is still there.
        let held = try store.held(segments.map(\.id))
        let free = segments.filter { !held.contains($0.id) }
        guard !free.isEmpty else { return .deleted(count: segments.count) }
        var round = DeletionRound(free, terms)
        for request in round.requests {
            guard let bucket = buckets[request.destination] else { continue }
            let answer = Result { () throws(S3Error) in
                try bucket.delete(request.keys, isOfAllVersions: request.isOfAllVersions)
            }
            round.take(answer, from: request.destination)
        }
        if !round.markers.isEmpty, versions == .delete { return .foundMarkers(round.markers) }
        try store.markExpired(round.gone.map(\.id))
        let locked = try noteLocks(round)
        let event = round.event(locked: locked, of: segments.count)
        if !locked.isEmpty {
            logger.info("Locked objects not deleted; will retry", [.segmentCount: .int(locked.count)])
        }
        // What is tried again at once needs no words.
        if case .notDeleted = event, round.hasFailed { return event }
        try store.markRefused(round.reasons)
        if case .deleted = event { tell(of: round.reasons, except: locked) }
        return event
    }

    private func tell(of reasons: [SegmentID: String], except locked: Set<SegmentID>) {
        let refused = reasons.filter { !locked.contains($0.key) }
        guard let first = refused.min(by: { $0.key < $1.key }) else { return }
        logger.warning(
            "Objects not deleted; will retry",
            [
                .segmentCount: .int(refused.count), .segmentID: .string(first.key.description),
                .reason: .string(first.value),
            ]
        )
    }

    // MARK: Locks

    /// Writes down which segments a store protects for a time.
    private func noteLocks(_ round: DeletionRound) throws(PostgresError) -> Set<SegmentID> {
        var protections: [SegmentID: LockedSegmentStore.Protection] = [:]
        for request in round.requests {
            guard let bucket = buckets[request.destination], let refused = round.refused(by: request.destination)
            else { continue }
            for protection in Self.protections(of: refused.segments, refused.deletion, in: bucket) {
                guard var known = protections[protection.id] else {
                    protections[protection.id] = protection
                    continue
                }
                // What protects longer counts.
                known.until = [known.until, protection.until].compactMap { $0 }.max()
                known.hasLegalHold = known.hasLegalHold || protection.hasLegalHold
                protections[protection.id] = known
            }
        }
        try LockedSegmentStore(connection).note(Array(protections.values))
        return Set(protections.keys)
    }

    /// The protections of objects that a store refused to delete, out of its words and of what it says when it is asked.
    private static func protections(
        of remaining: [ExpiringSegment],
        _ deletion: S3Deletion,
        in bucket: any RetentionBucket
    ) -> [LockedSegmentStore.Protection] {
        let versions = Dictionary(deletion.locked.map { ($0.key, $0) }) { first, _ in first }
        let candidates = remaining.filter { segment in
            versions[segment.objectKey] != nil || deletion.refused[segment.objectKey] == "AccessDenied"
        }
        let asked = candidates.prefix(mostAsked).map { versions[$0.objectKey] ?? S3Version(key: $0.objectKey) }
        let locks = Dictionary(bucket.locks(of: asked).map { ($0.key.key, $0.value) }) { first, _ in first }
        return candidates.compactMap { segment in
            let lock = locks[segment.objectKey]
            guard lock != nil || versions[segment.objectKey] != nil else { return nil }
            return LockedSegmentStore.Protection(
                of: segment.id,
                until: lock?.retainedUntil.flatMap { Timestamp(rfc3339: $0) },
                hasLegalHold: lock?.hasLegalHold ?? false
            )
        }
    }

    // MARK: Holds

    /// Passes a part of a hold on to the stores.
    func protect(_ terms: StoreTerms) throws(PostgresError) -> RetentionSchedule.Event {
        let store = LegalHoldStore(connection)
        guard let step = try store.next() else { return .protected(hasMore: false) }
        var round = ProtectionRound(step, terms)
        for request in round.requests {
            guard let bucket = buckets[request.destination] else { continue }
            let answer = Result { () throws(S3Error) in try bucket.setLegalHold(step.isOn, on: request.keys) }
            if case .failure(let error) = answer {
                logger.warning(
                    "Legal holds not told; will retry",
                    [.holdID: .int(Int(step.hold)), .error: LogValue(error)]
                )
            }
            round.take(answer, from: request.destination)
        }
        guard let outcome = round.outcome else { return .notProtected }
        try store.finish(step, outcome)
        if let error = outcome.error {
            logger.warning(
                "Legal holds refused",
                [.holdID: .int(Int(step.hold)), .segmentCount: .int(outcome.refused), .reason: .string(error)]
            )
        }
        return .protected(hasMore: true)
    }
}
