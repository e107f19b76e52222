package import ObserverCore
package import Postgres

/// Uploaders: which of them has which spool, and their reports.
///
/// A spool has one row. It is written by a statement that compares and swaps, so that of two uploaders one gets it. No wall
/// clock decides: a silent uploader is replaced only by one that has watched its reports stand still (``Holder/beats``).
package struct UploaderStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// An uploader that wants a spool, or has it.
    package struct Claimant: Hashable, Sendable {
        package var spoolID: SpoolID
        package var name: String
        /// The process.
        package var instance: UniqueID
        /// Where its spool lies: whoever was in the same place before is dead.
        package var place: String

        package init(spoolID: SpoolID, name: String, instance: UniqueID, place: String) {
            self.spoolID = spoolID
            self.name = name
            self.instance = instance
            self.place = place
        }
    }

    /// Another uploader that has the spool.
    package struct Holder: Hashable, Sendable {
        package var instance: UniqueID
        package var name: String
        /// The number of its reports.
        package var beats: Int64
        package var startedAt: Timestamp

        package init(instance: UniqueID, name: String, beats: Int64, startedAt: Timestamp) {
            self.instance = instance
            self.name = name
            self.beats = beats
            self.startedAt = startedAt
        }
    }

    /// The answer to a report.
    package enum Answer: Hashable, Sendable {
        /// The spool is the claimant's; somebody may have asked for failed uploads to be tried anew.
        case granted(hasRetries: Bool)
        case held(Holder)
    }

    /// Claims a spool, or reports about it.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - claimant: The caller.
    ///   - former: Another uploader that is taken for dead, if it has not reported meanwhile.
    /// - Returns: The caller's claim, or whose it is.
    /// - Throws: The error that the database reports.
    package func report(
        _ report: UploaderReport,
        by claimant: Claimant,
        over former: Holder? = nil
    ) throws(PostgresError) -> Answer {
        let statement: SQL = """
            with written as (
                insert into uploaders as u (spool_id, name, instance, place, backlog_files, backlog_bytes, backlog_ms,
                    oldest_at, store_state, store_detail, rate, free_bytes, full_at, second_state, second_detail,
                    third_state, third_detail, passed_over)
                values (\(claimant.spoolID), \(claimant.name.limited(to: 63)), \(claimant.instance),
                    \(claimant.place.limited(to: 128)), \(max(report.backlogFiles, 0)), \(max(report.backlogBytes, 0)),
                    \(max(report.backlogMilliseconds, 0)), \(report.oldestAt), \(report.store.rawValue),
                    \(report.storeDetail?.limited(to: 1000)), \(max(report.rate, 0)), \(max(report.freeBytes, 0)),
                    now() + \(report.secondsUntilFull)::bigint * interval '1 second',
                    \(report.other(.second)?.state.rawValue), \(report.other(.second)?.detail?.limited(to: 1000)),
                    \(report.other(.third)?.state.rawValue), \(report.other(.third)?.detail?.limited(to: 1000)),
                    \(report.passedOver))
                on conflict (spool_id) do update set name = excluded.name, instance = excluded.instance,
                    place = excluded.place, beats = u.beats + 1, reported_at = now(), ended = false,
                    started_at = case when u.instance = excluded.instance then u.started_at else now() end,
                    backlog_files = excluded.backlog_files, backlog_bytes = excluded.backlog_bytes,
                    backlog_ms = excluded.backlog_ms, oldest_at = excluded.oldest_at,
                    store_state = excluded.store_state, store_detail = excluded.store_detail, rate = excluded.rate,
                    free_bytes = excluded.free_bytes, full_at = excluded.full_at,
                    second_state = excluded.second_state, second_detail = excluded.second_detail,
                    third_state = excluded.third_state, third_detail = excluded.third_detail,
                    passed_over = excluded.passed_over
                where u.instance = excluded.instance or u.place = excluded.place
                    or (u.instance = \(former?.instance) and u.beats = \(former?.beats))
                returning 1
            )
            select exists (select from written),
                exists (select from upload_retries where spool_id = \(claimant.spoolID))
            """
        let answers = try connection.rows(statement, as: (Bool, Bool).self)
        if let answer = answers.first, answer.0 { return .granted(hasRetries: answer.1) }
        guard let holder = try holder(of: claimant.spoolID) else { throw PostgresError(.decoding) }
        return .held(holder)
    }

    private func holder(of spool: SpoolID) throws(PostgresError) -> Holder? {
        let statement: SQL = "select instance, name, beats, started_at from uploaders where spool_id = \(spool)"
        return try connection.first(statement) { row throws(PostgresError) in
            Holder(
                instance: try row.next(),
                name: try row.next(),
                beats: try row.next(),
                startedAt: try row.next()
            )
        }
    }

    /// Takes note that an uploader has ended in order.
    ///
    /// Its spool is kept for it as if it had not: the uploader of a copy must not get it whenever this one is started again.
    package func end(_ claimant: Claimant) throws(PostgresError) {
        let statement: SQL = """
            update uploaders set ended = true, rate = 0
            where spool_id = \(claimant.spoolID) and instance = \(claimant.instance)
            """
        try connection.execute(statement)
    }

    /// All uploaders, by name.
    package func list() throws(PostgresError) -> [UploaderListing] {
        let statement: SQL = """
            select spool_id, name, case when ended then 'stopped'
                    when reported_at > now() - interval '30 seconds' then 'alive' else 'silent' end,
                started_at, reported_at, greatest(0, floor(1000 * extract(epoch from now() - reported_at)))::bigint,
                backlog_files, backlog_bytes, backlog_ms, oldest_at, store_state, store_detail, rate, free_bytes, full_at,
                second_state, second_detail, third_state, third_detail, passed_over
            from uploaders order by name, spool_id
            """
        return try connection.query(statement) { row throws(PostgresError) in
            var listing = UploaderListing(
                spoolID: try row.next(),
                name: try row.next(),
                state: try row.next(),
                startedAt: try row.next(),
                reportedAt: try row.next(),
                reportAgeMilliseconds: try row.next(),
                report: UploaderReport(
                    backlogFiles: try row.next(),
                    backlogBytes: try row.next(),
                    backlogMilliseconds: try row.next(),
                    oldestAt: try row.next(),
                    store: try row.next(),
                    storeDetail: try row.next(),
                    rate: try row.next(),
                    freeBytes: try row.next()
                ),
                fullAt: try row.next()
            )
            let said: [(Destination, StoreState?, String?)] = [
                (.second, try row.next(), try row.next()), (.third, try row.next(), try row.next()),
            ]
            let passedOver: DestinationSet = try row.next()
            listing.report.passedOver = passedOver
            listing.report.others = said.compactMap { destination, state, detail in
                state.map {
                    let isPassedOver = passedOver.contains(destination)
                    return DestinationReport(destination, $0, detail: detail, isPassedOver: isPassedOver)
                }
            }
            return listing
        }
    }
}
