import Errors
package import Logging
package import ObserverConfiguration
package import ObserverCore
import ObserverStore
package import Postgres
import S3
import System

/// Carries out the actions of a ``RetentionSchedule`` against the database and the store.
package struct RetentionShell {
    private let holder: String
    let connection: PostgresConnection
    let buckets: [Destination: any RetentionBucket]
    let versions: S3VersionPolicy
    private let gate: CatalogueGate
    let logger: Logger

    /// Creates a shell.
    ///
    /// - Parameters:
    ///   - holder: The name of this process in the lease.
    ///   - connection: The database, for this thread alone.
    ///   - buckets: The stores.
    ///   - versions: The treatment of old versions.
    ///   - gate: Closed while nothing may be deleted.
    ///   - logger: Logs what was planned, and objects that were not deleted.
    package init(
        holder: String,
        connection: PostgresConnection,
        buckets: [Destination: any RetentionBucket],
        versions: S3VersionPolicy = .delete,
        gate: CatalogueGate = .alwaysOpen(),
        logger: Logger
    ) {
        self.holder = holder
        self.connection = connection
        self.buckets = buckets
        self.versions = versions
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
            case .check(let markers): .checked(try check(markers: markers))
            case .rescue: try rescue()
            case .find(let cursor): .found(try ExpiryStore(connection).expiring(after: cursor))
            case .delete(let segments, let terms): try delete(segments, terms)
            case .protect(let terms): try protect(terms)
            case .plan: try plan()
            case .decide(let limit): try decide(limit: limit)
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
        case .delete, .plan, .decide, .rescue: break
        case .lease, .check, .find, .protect, .rest: return nil
        }
        guard try !gate.admits(number: CatalogueStatusStore(connection).number()) else { return nil }
        return .databaseFailed(problem: gate.reason ?? CatalogueSchedule.behind)
    }

    // MARK: Actions

    private func check(markers: DestinationSet) throws(PostgresError) -> [Destination: BucketTerms.Verdict] {
        var verdicts: [Destination: BucketTerms.Verdict] = [:]
        for (destination, bucket) in buckets {
            verdicts[destination] = check(bucket, hasMarkers: markers.contains(destination))
        }
        if let state = StoreTerms(verdicts).summary { try RetentionStatusStore(connection).note(state) }
        return verdicts
    }

    private func check(_ bucket: any RetentionBucket, hasMarkers: Bool) -> BucketTerms.Verdict {
        var answers = BucketTerms.Answers(versioning: result(bucket.versioning), hasMarkers: hasMarkers)
        if answers.hasVersions, versions == .delete {
            do throws(S3Error) { try bucket.tryListOfVersions() } catch { answers.listRefusal = error }
        }
        // Object Lock goes with versions alone.
        if answers.hasVersions { answers.objectLock = result(bucket.hasObjectLock) }
        return BucketTerms.decide(answers, versions)
    }

    private func result<Value>(_ body: () throws(S3Error) -> Value) -> Result<Value, S3Error> {
        Result { () throws(S3Error) in try body() }
    }

    private func decide(limit: Int) throws(PostgresError) -> RetentionSchedule.Event {
        // A rule that was changed counts for what is not yet decided.
        if try RetentionStatusStore(connection).isPlanWanted() { return .planWanted }
        return .decided(try ExpiryStore(connection).decide(limit: limit)?.segments)
    }

    /// Takes back what was decided before a hold was written over it, where the object is still there.
    private func rescue() throws(PostgresError) -> RetentionSchedule.Event {
        let store = ExpiryStore(connection)
        let held = try store.heldWhileExpiring()
        guard !held.isEmpty else { return .rescued }
        var existing: [Destination: Set<String>] = [:]
        for destination in held.reduce(into: DestinationSet(), { $0.formUnion($1.destinations) }).members {
            let keys = held.filter { $0.destinations.contains(destination) }.map(\.objectKey)
            do throws(S3Error) {
                existing[destination] = try buckets[destination]?.existing(keys)
            } catch {
                logger.warning(
                    "Held recordings not taken back",
                    [.segmentCount: .int(keys.count), .error: LogValue(error)]
                )
            }
        }
        // Of what a store does not tell, all stays as it is: neither deleted nor played.
        let known = held.filter { $0.destinations.members.allSatisfy { existing[$0] != nil } }
        let places = Dictionary(
            known.map { segment in
                let there = segment.destinations.members.filter { existing[$0]?.contains(segment.objectKey) == true }
                return (segment.id, DestinationSet(there))
            }
        ) { first, _ in first }
        let saved = places.filter { !$1.isEmpty }
        try store.takeBack(saved)
        try store.markExpired(places.filter(\.value.isEmpty).map(\.key))
        if !known.isEmpty { logger.info("Held recordings taken back", [.segmentCount: .int(saved.count)]) }
        return .rescued
    }

    private func plan() throws(PostgresError) -> RetentionSchedule.Event {
        let facts = RetentionFactStore(connection)
        let status = RetentionStatusStore(connection)
        let now = try status.now()
        // First: what is changed from here on wants another plan.
        try status.notePlan()
        let policies = try RetentionPolicyStore(connection).list().map(\.policy)
        let known = try connection.patiently { () throws(PostgresError) in try facts.facts(policies, at: now) }
        let plan = RetentionPlan(known, at: now)
        let deletions = DeletionStore(connection)
        let decisions = plan.decisions(totals: known.totals, usual: try deletions.usual())
        try deletions.take(decisions)
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
