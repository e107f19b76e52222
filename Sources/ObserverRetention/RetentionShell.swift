import Errors
package import Logging
import ObserverCore
import ObserverStore
package import Postgres
import S3
import System

/// Carries out the actions of a ``RetentionSchedule`` against the database and the store.
package struct RetentionShell {
    private let holder: String
    private let connection: PostgresConnection
    private let deleter: any ObjectDeleter
    private let gate: CatalogueGate
    private let logger: Logger

    /// Creates a shell.
    ///
    /// - Parameters:
    ///   - holder: The name of this process in the lease.
    ///   - connection: The database, for this thread alone.
    ///   - deleter: The store.
    ///   - gate: Closed while nothing may be deleted.
    ///   - logger: Logs what was planned, and objects that were not deleted.
    package init(
        holder: String,
        connection: PostgresConnection,
        deleter: any ObjectDeleter,
        gate: CatalogueGate = .alwaysOpen(),
        logger: Logger
    ) {
        self.holder = holder
        self.connection = connection
        self.deleter = deleter
        self.gate = gate
        self.logger = logger
    }

    /// Carries out an action that is not a rest, and returns what came of it.
    package func perform(_ action: RetentionSchedule.Action) -> RetentionSchedule.Event? {
        do throws(PostgresError) {
            if let refusal = try refusal(of: action) { return refusal }
            return switch action {
            case .lease:
                .leased(
                    try RetentionStatusStore(connection).lease(holder, seconds: RetentionSchedule.leaseSeconds)
                )
            case .check: .checked(problem: check())
            case .find(let cursor): .found(try ExpiryStore(connection).expiring(after: cursor))
            case .delete(let segments): try delete(segments)
            case .plan: try plan()
            case .decide(let limit): .decided(try ExpiryStore(connection).decide(limit: limit)?.segments)
            case .rest: nil
            }
        } catch {
            return .databaseFailed(problem: "the database: \(error.detail)")
        }
    }

    /// Writes down the trouble, or its end.
    package func note(_ problem: String?) throws(PostgresError) {
        try RetentionStatusStore(connection).note(problem)
    }

    /// Gives the lease back.
    package func release() {
        do {
            try RetentionStatusStore(connection).release(holder)
        } catch {
            logger.info("Lease not given back", [.error: LogValue(error)])
        }
    }

    /// Looks before each step if the database still is what it was: one that was restored meanwhile decides nothing.
    private func refusal(of action: RetentionSchedule.Action) throws(PostgresError) -> RetentionSchedule.Event? {
        switch action {
        case .delete, .plan, .decide: break
        case .lease, .check, .find, .rest: return nil
        }
        guard try !gate.admits(number: CatalogueStatusStore(connection).number()) else { return nil }
        return .databaseFailed(problem: gate.reason ?? CatalogueSchedule.behind)
    }

    // MARK: Actions

    /// A bucket that keeps versions would keep every byte, behind a delete marker.
    private func check() -> String? {
        do throws(S3Error) {
            let versioning = try deleter.versioning()
            return versioning == .off ? nil : Self.versionsKept
        } catch {
            // Who may not ask, or asks a store that knows no versions, learns it from the first deletion.
            return error.kind == .refused || error.isUnknownRequest ? nil : "the store: \(error.detail)"
        }
    }

    private static let versionsKept = """
        the bucket keeps versions, so that deleting frees nothing; nothing is deleted until versioning of the bucket was \
        never on, or recordings have a bucket of their own without it
        """

    private func delete(_ segments: [ExpiringSegment]) throws(PostgresError) -> RetentionSchedule.Event {
        let deletion: S3Deletion
        do throws(S3Error) {
            deletion = try deleter.delete(segments.map(\.objectKey))
        } catch {
            let hint = error.hint.map { "; \($0)" } ?? ""
            return .notDeleted(isThrottled: error.kind == .throttled, problem: "the store: \(error.detail)\(hint)")
        }
        if deletion.hasMarkers { return .notDeleted(isThrottled: false, problem: Self.versionsKept) }
        let refused = segments.filter { deletion.refused[$0.objectKey] != nil }
        let store = ExpiryStore(connection)
        try store.markExpired(segments.filter { deletion.refused[$0.objectKey] == nil }.map(\.id))
        guard let first = refused.first else { return .deleted(count: segments.count) }
        let reasons = refused.map { ($0.id, deletion.refused[$0.objectKey] ?? "refused") }
        try store.markRefused(Dictionary(reasons) { first, _ in first })
        let reason = deletion.refused[first.objectKey] ?? "refused"
        let isThrottled = deletion.refused.values.contains("SlowDown")
        if isThrottled || refused.count == segments.count {
            return .notDeleted(isThrottled: isThrottled, problem: "the store does not delete: \(reason)")
        }
        logger.warning(
            "Objects not deleted; will retry",
            [.segmentCount: .int(refused.count), .segmentID: .string(first.id.description), .reason: .string(reason)]
        )
        return .deleted(count: segments.count)
    }

    private func plan() throws(PostgresError) -> RetentionSchedule.Event {
        let facts = RetentionFactStore(connection)
        let status = RetentionStatusStore(connection)
        let now = try status.now()
        let policies = try RetentionPolicyStore(connection).list().map(\.policy)
        let known = try connection.patiently { () throws(PostgresError) in try facts.facts(policies, at: now) }
        let plan = RetentionPlan(known, at: now)
        let deletions = DeletionStore(connection)
        let decisions = plan.decisions(totals: known.totals, usual: try deletions.usual())
        try deletions.take(decisions)
        try status.notePlan()
        guard !decisions.isEmpty else { return .planned }
        let due = decisions.map(\.deletion.due).reduce(.zero, +)
        logger.info(
            "Retention planned",
            [
                .segmentCount: .int(Int(clamping: due.segments)), .byteCount: .int(Int(clamping: due.bytes)),
                .deletionsWaiting: .int(decisions.count { $0.objection != nil }),
            ]
        )
        return .planned
    }
}
