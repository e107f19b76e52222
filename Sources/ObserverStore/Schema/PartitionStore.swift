package import ObserverCore
package import Postgres

/// The weekly partitions of the table `segments`.
///
/// Segments of a week without a partition go to the default partition: a row is never refused for its time. Partitions
/// are created ahead by the services that write segments and by `observerctl migrate`, so that this is the exception.
package struct PartitionStore {
    let connection: PostgresConnection

    /// The number of the advisory lock: "obsp" in ASCII.
    private static let lock: Int64 = 0x6F62_7370

    /// How many weeks ahead of the present one there shall be a partition.
    package static let weeksAhead: Int64 = 4

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Creating

    /// Creates the partitions that are missing, from last week's (its last segments may still be on their way) to those
    /// of the next four weeks.
    ///
    /// Does nothing while another process does it. Rows of those weeks leave the default partition.
    ///
    /// - Returns: The weeks that got one.
    /// - Throws: Also when the locks were not free for half a second: the next call tries again.
    @discardableResult
    package func prepare() throws(PostgresError) -> [SegmentWeek] {
        let present = SegmentWeek(of: try now())
        return try create((-1...Self.weeksAhead).map { present.advanced(by: $0) })
    }

    /// Creates a partition for each week that has rows in the default one and has begun, for at most 60 of them.
    ///
    /// Rows of the future stay: they come from a clock that is wrong.
    package func rehouseStrays() throws(PostgresError) -> [SegmentWeek] {
        let present = SegmentWeek(of: try now())
        var weeks: [SegmentWeek] = []
        var next = SegmentID.lowest(at: Timestamp(milliseconds: 0))
        while weeks.count < 60 {
            let statement: SQL = "select id from segments_default where id >= \(next) order by id limit 1"
            guard let id = try connection.rows(statement, as: (SegmentID).self).first else { break }
            let week = SegmentWeek(of: Timestamp(milliseconds: id.milliseconds))
            guard week <= present else { break }
            weeks.append(week)
            next = week.bounds.to
        }
        return try create(weeks)
    }

    /// Creates the partitions of these weeks that are missing.
    ///
    /// - Returns: The weeks that got one.
    /// - Throws: Also when the locks were not free for half a second.
    package func create(_ weeks: [SegmentWeek]) throws(PostgresError) -> [SegmentWeek] {
        let existing = Set(try partitions().compactMap { SegmentWeek(partition: $0) })
        var created: [SegmentWeek] = []
        for week in weeks where !existing.contains(week) {
            if try create(week) { created.append(week) }
        }
        return created
    }

    /// Creates a partition by the function of the tables' owner, whose rights a service does not have.
    private func create(_ week: SegmentWeek) throws(PostgresError) -> Bool {
        try whileFree { () throws(PostgresError) in
            let statement: SQL = "select create_segment_partition(\(week.monday)::date)"
            return try connection.rows(statement, as: (Bool).self, within: .seconds(65)).first ?? false
        }
    }

    /// Runs the work in a transaction that gives up on a lock soon, because everybody else waits behind it; false while another
    /// process is at it.
    private func whileFree(_ work: () throws(PostgresError) -> Bool) throws(PostgresError) -> Bool {
        try connection.transaction { () throws(PostgresError) in
            guard try isFree() else { return false }
            try connection.executeScript(unsafe: "set local lock_timeout = 500; set local statement_timeout = 60000")
            return try work()
        }
    }

    private func isFree() throws(PostgresError) -> Bool {
        try connection.rows("select pg_try_advisory_xact_lock(\(Self.lock))", as: (Bool).self).first ?? false
    }

    /// The database's clock, which all who create partitions share.
    private func now() throws(PostgresError) -> Timestamp {
        guard let now = try connection.rows("select now()", as: (Timestamp).self).first else {
            throw PostgresError(.decoding)
        }
        return now
    }

    // MARK: Looking

    /// The names of all partitions but the default one, in order.
    package func partitions() throws(PostgresError) -> [String] {
        let statement: SQL = """
            select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'segments'::regclass and c.relname <> 'segments_default' order by 1
            """
        return try connection.rows(statement, as: (String).self)
    }

    /// A partition as operators see it.
    package struct Partition: Hashable, Sendable {
        package let name: String
        /// Nil for the default partition.
        package let week: SegmentWeek?
        /// The server's estimate.
        package let rows: Int64
        /// With its indices.
        package let bytes: Int64
    }

    /// Reads all partitions, in the order of their names.
    package func list() throws(PostgresError) -> [Partition] {
        let statement: SQL = """
            select c.relname::text, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid)
            from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'segments'::regclass order by 1
            """
        return try connection.query(statement) { row throws(PostgresError) in
            let name = try row.next(String.self)
            return Partition(
                name: name,
                week: SegmentWeek(partition: name),
                rows: try row.next(),
                bytes: try row.next()
            )
        }
    }

    /// The state of the partitions, for those who watch over it.
    package struct Condition: Hashable, Sendable {
        /// The weeks from the present one to four weeks ahead that have no partition.
        package var missing: [SegmentWeek]
        /// The first and the last start of segments in the default partition; nil when it is empty, as it should be.
        package var strays: ClosedRange<Timestamp>?
    }

    /// Reads the state of the partitions.
    package func condition() throws(PostgresError) -> Condition {
        let present = SegmentWeek(of: try now())
        let existing = Set(try partitions().compactMap { SegmentWeek(partition: $0) })
        let wanted = (0...Self.weeksAhead).map { present.advanced(by: $0) }
        let statement: SQL = """
            select * from (select started_at from segments_default order by id limit 1) oldest
            union all
            select * from (select started_at from segments_default order by id desc limit 1) newest
            """
        let ends = try connection.rows(statement, as: (Timestamp).self)
        return Condition(
            missing: wanted.filter { !existing.contains($0) },
            strays: ends.count == 2 ? min(ends[0], ends[1])...max(ends[0], ends[1]) : nil
        )
    }

    // MARK: Dropping

    /// Drops the partitions of weeks that ended some time ago and whose segments have all expired, and the sums of hours
    /// that nothing is left of.
    ///
    /// - Parameter weeks: How many weeks a partition is kept after its end, at least one: ``prepare()`` would create it again.
    /// - Returns: The weeks that went.
    /// - Throws: The error that the database reports.
    package func dropExpired(endedBefore weeks: Int64) throws(PostgresError) -> [SegmentWeek] {
        let last = SegmentWeek(of: try now()).advanced(by: -max(weeks, 1) - 1)
        var dropped: [SegmentWeek] = []
        for week in try partitions().compactMap({ SegmentWeek(partition: $0) }).sorted() where week <= last {
            // Looked at first without the lock, which keeps everybody else from the table.
            let isOver = try connection.patiently { () throws(PostgresError) in try isExpired(week) }
            guard isOver, try dropExpired(week) else { continue }
            dropped.append(week)
            let statement: SQL = "select remove_empty_hours(\(week.end))"
            _ = try connection.patiently { () throws(PostgresError) in
                try connection.execute(statement, within: .seconds(65))
            }
        }
        return dropped
    }

    private func isExpired(_ week: SegmentWeek) throws(PostgresError) -> Bool {
        let (first, following) = week.bounds
        let statement: SQL = """
            select count(*) from (
                select from segments where id >= \(first) and id < \(following) and state <> 'expired' limit 1
            ) alive
            """
        return try connection.rows(statement, as: (Int).self, within: .seconds(65)).first == 0
    }

    /// Drops the partition of a week whose segments have all expired.
    ///
    /// - Returns: False when there is none, or a segment in it has not expired.
    package func dropExpired(_ week: SegmentWeek) throws(PostgresError) -> Bool {
        try whileFree { () throws(PostgresError) in
            let statement: SQL = "select drop_expired_partition(\(week.monday)::date)"
            return try connection.rows(statement, as: (Bool).self, within: .seconds(65)).first ?? false
        }
    }
}
