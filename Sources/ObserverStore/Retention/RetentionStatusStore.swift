package import ObserverCore
package import Postgres

/// The state of `observer-retention`: the process that works, and its trouble.
package struct RetentionStatusStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The state of the worker.
    package struct Status: Hashable, Sendable {
        /// The process that has the lease; nil when none has it.
        package var holder: String?
        package var plannedAt: Timestamp?
        /// When the trouble began.
        package var failedSince: Timestamp?
        /// The trouble that keeps it from working, as a sentence.
        package var error: String?
        /// The bucket; nil before it was asked.
        package var bucket: RetentionBucketState?

        /// The beginning of a trouble that keeps it from a part of its work alone.
        package static let inPart = "in part: "

        /// True if there is trouble, and it works all the same.
        package var isPartial: Bool { error?.hasPrefix(Self.inPart) == true }

        package init(
            holder: String? = nil,
            plannedAt: Timestamp? = nil,
            failedSince: Timestamp? = nil,
            error: String? = nil,
            bucket: RetentionBucketState? = nil
        ) {
            self.bucket = bucket
            self.holder = holder
            self.plannedAt = plannedAt
            self.failedSince = failedSince
            self.error = error
        }
    }

    /// Reads the state.
    package func read() throws(PostgresError) -> Status {
        let statement: SQL = """
            select case when lease_until > now() then holder end, planned_at, failed_since, error, versions,
                coalesce(has_object_lock, false) from retention_status
            """
        let status = try connection.first(statement) { row throws(PostgresError) in
            var status = Status(
                holder: try row.next(),
                plannedAt: try row.next(),
                failedSince: try row.next(),
                error: try row.next()
            )
            let versions = try row.next(String?.self).flatMap { RetentionBucketState.Versions(rawValue: $0) }
            let hasObjectLock = try row.next(Bool.self)
            status.bucket = versions.map { RetentionBucketState(versions: $0, hasObjectLock: hasObjectLock) }
            return status
        }
        return status ?? Status()
    }

    /// True if somebody has asked for a plan since the last one.
    package func isPlanWanted() throws(PostgresError) -> Bool {
        try connection.rows("select planned_at is null from retention_status", as: (Bool).self).first ?? true
    }

    /// Takes note of what was found out about the bucket.
    package func note(_ bucket: RetentionBucketState) throws(PostgresError) {
        let statement: SQL = """
            update retention_status set versions = \(bucket.versions.rawValue), has_object_lock = \(bucket.hasObjectLock)
            where (versions, has_object_lock) is distinct from (\(bucket.versions.rawValue)::text, \(bucket.hasObjectLock))
            """
        try connection.execute(statement)
    }

    /// The right to work, for a while.
    package struct Lease: Hashable, Sendable {
        /// True if somebody has asked for a plan since the last one.
        package var wantsPlan: Bool

        package init(wantsPlan: Bool) {
            self.wantsPlan = wantsPlan
        }
    }

    /// Takes or renews the lease, by the database's clock alone.
    ///
    /// - Parameters:
    ///   - holder: The process.
    ///   - seconds: For how long nobody else gets it.
    /// - Returns: The lease; nil while another process has it.
    /// - Throws: The error that the database reports.
    package func lease(_ holder: String, seconds: Int64) throws(PostgresError) -> Lease? {
        let statement: SQL = """
            update retention_status set holder = \(holder.limited(to: 128)),
                lease_until = now() + \(seconds) * interval '1 second'
            where holder = \(holder) or holder is null or lease_until is null or lease_until < now()
            returning planned_at is null
            """
        return try connection.rows(statement, as: (Bool).self).first.map { Lease(wantsPlan: $0) }
    }

    /// Asks whoever has the lease for a plan within seconds, because a rule has changed.
    package func askForPlan() throws(PostgresError) {
        try connection.execute("update retention_status set planned_at = null")
    }

    /// Gives the lease back.
    package func release(_ holder: String) throws(PostgresError) {
        try connection.execute("update retention_status set lease_until = null where holder = \(holder)")
    }

    /// Takes note that a plan was made.
    package func notePlan() throws(PostgresError) {
        try connection.execute("update retention_status set planned_at = now()")
    }

    /// Takes note of trouble, or of its end.
    package func note(_ error: String?) throws(PostgresError) {
        let statement: SQL = """
            update retention_status set error = \(error?.limited(to: 1000)),
                failed_since = case when \(error != nil) then coalesce(failed_since, now()) end
            where error is distinct from \(error?.limited(to: 1000))
            """
        try connection.execute(statement)
    }

    /// The present by the database's clock.
    package func now() throws(PostgresError) -> Timestamp {
        guard let now = try connection.rows("select now()", as: (Timestamp).self).first else {
            throw PostgresError(.decoding)
        }
        return now
    }
}
