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

    func delete(
        _ segments: [ExpiringSegment],
        isOfAllVersions: Bool
    ) throws(PostgresError) -> RetentionSchedule.Event {
        let store = ExpiryStore(connection)
        // A hold that was written since the decision saves what is still there.
        let held = try store.held(segments.map(\.id))
        let free = segments.filter { !held.contains($0.id) }
        guard !free.isEmpty else { return .deleted(count: segments.count) }
        let deletion: S3Deletion
        do throws(S3Error) {
            deletion = try bucket.delete(free.map(\.objectKey), isOfAllVersions: isOfAllVersions)
        } catch {
            let hint = error.hint.map { "; \($0)" } ?? ""
            return .notDeleted(isThrottled: error.kind == .throttled, problem: "the store: \(error.detail)\(hint)")
        }
        if deletion.hasMarkers, versions == .delete { return .foundMarkers }
        try store.markExpired(free.filter { deletion.refused[$0.objectKey] == nil }.map(\.id))
        let remaining = free.filter { deletion.refused[$0.objectKey] != nil }
        guard !remaining.isEmpty else { return .deleted(count: segments.count) }
        return try take(remaining, deletion, of: free.count, from: segments.count)
    }

    /// Sorts what is locked for a time from what is refused.
    private func take(
        _ remaining: [ExpiringSegment],
        _ deletion: S3Deletion,
        of tried: Int,
        from count: Int
    ) throws(PostgresError) -> RetentionSchedule.Event {
        let protections = protections(of: remaining, deletion)
        try LockedSegmentStore(connection).note(protections)
        let locked = Set(protections.map(\.id))
        let reasons = remaining.map { ($0.id, deletion.refused[$0.objectKey] ?? "refused") }
        try ExpiryStore(connection).markRefused(Dictionary(reasons) { first, _ in first })
        if !locked.isEmpty {
            logger.info("Locked objects not deleted; will retry", [.segmentCount: .int(locked.count)])
        }
        let refused = remaining.filter { !locked.contains($0.id) }
        guard let first = refused.first else { return .deleted(count: count) }
        let reason = deletion.refused[first.objectKey] ?? "refused"
        let isThrottled = refused.contains { deletion.refused[$0.objectKey] == "SlowDown" }
        if isThrottled || refused.count == tried {
            return .notDeleted(isThrottled: isThrottled, problem: "the store does not delete: \(reason)")
        }
        logger.warning(
            "Objects not deleted; will retry",
            [.segmentCount: .int(refused.count), .segmentID: .string(first.id.description), .reason: .string(reason)]
        )
        return .deleted(count: count)
    }

    /// The protections of objects that the store refused to delete, out of its words and of what it says when it is asked.
    private func protections(
        of remaining: [ExpiringSegment],
        _ deletion: S3Deletion
    ) -> [LockedSegmentStore.Protection] {
        let versions = Dictionary(deletion.locked.map { ($0.key, $0) }) { first, _ in first }
        let candidates = remaining.filter { segment in
            versions[segment.objectKey] != nil || deletion.refused[segment.objectKey] == "AccessDenied"
        }
        let asked = candidates.prefix(Self.mostAsked).map { versions[$0.objectKey] ?? S3Version(key: $0.objectKey) }
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

    /// Passes a part of a hold on to the store.
    func protect() throws(PostgresError) -> RetentionSchedule.Event {
        let store = LegalHoldStore(connection)
        guard let step = try store.next() else { return .protected(hasMore: false) }
        let holds: S3LegalHolds
        do throws(S3Error) {
            holds = try bucket.setLegalHold(step.isOn, on: step.segments.map(\.objectKey))
        } catch {
            logger.warning(
                "Legal holds not told; will retry",
                [.holdID: .int(Int(step.hold)), .error: LogValue(error)]
            )
            return .notProtected
        }
        // What is gone needs no protection, and cannot get any.
        let done = step.segments.filter { segment in
            holds.refused[segment.objectKey] == nil && (!step.isOn || !holds.missing.contains(segment.objectKey))
        }
        let error = holds.refused.values.first ?? (step.isOn && !holds.missing.isEmpty ? "NoSuchKey" : nil)
        let outcome = LegalHoldStore.Outcome(
            done: done.map(\.id),
            refused: step.segments.count - done.count,
            error: error
        )
        try store.finish(step, outcome)
        if let error {
            logger.warning(
                "Legal holds refused",
                [.holdID: .int(Int(step.hold)), .segmentCount: .int(outcome.refused), .reason: .string(error)]
            )
        }
        return .protected(hasMore: true)
    }
}
