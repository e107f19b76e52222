package import ObserverCore
package import Postgres

/// Recorders and their cameras.
///
/// A recorder is current while the row of its id has its incarnation. An assignment to anything else is an orphan, and any
/// current recorder may claim it; each claim raises the camera's epoch. No clock decides: a silent recorder is made obsolete
/// only by a compare-and-swap of one that has watched its heartbeat (``fence(_:incarnation:heartbeat:)``). The cameras of a
/// recorder that ends in order (`draining`) may be claimed like orphans; it goes on with each until its successor records.
package struct RecorderStore {
    let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The row of a recorder, for others.
    package struct Row: Hashable, Sendable {
        package var id: String
        package var spoolID: SpoolID
        package var incarnation: Int64
        package var heartbeat: Int64
        package var isFenced: Bool
        package var isDraining: Bool
        /// The number of cameras that it holds; deleted ones do not count.
        package var cameras: Int

        init(reading row: inout PostgresRow) throws(PostgresError) {
            id = try row.next()
            spoolID = try row.next()
            incarnation = try row.next()
            heartbeat = try row.next()
            isFenced = try row.next()
            isDraining = try row.next()
            cameras = try row.next()
        }
    }

    private static let columns = """
        w.id, w.spool_id, w.incarnation, w.heartbeat, w.fenced, w.draining, coalesce(h.cameras, 0)
        """
    private static let tables = """
        recorders w left join (
            select a.recorder_id, a.incarnation, count(*) as cameras
            from assignments a join cameras c on c.id = a.camera_id and c.deleted_at is null
            group by a.recorder_id, a.incarnation
        ) h on h.recorder_id = w.id and h.incarnation = w.incarnation
        """

    // MARK: Being a recorder

    /// The row of a recorder; nil if the name was never used.
    package func row(of id: String) throws(PostgresError) -> Row? {
        let statement: SQL = "select \(unsafe: Self.columns) from \(unsafe: Self.tables) where w.id = \(id)"
        return try connection.first(statement) { row throws(PostgresError) in try Row(reading: &row) }
    }

    /// The present by the database's clock.
    package func time() throws(PostgresError) -> Timestamp? {
        try connection.rows("select clock_timestamp()", as: (Timestamp).self).first
    }

    /// Registers a recorder that starts, and orphans what an earlier life of it had, apart from what it keeps.
    ///
    /// - Parameters:
    ///   - id: Its name, `[a-z0-9.-]{1,63}`.
    ///   - spool: Identity of its spool.
    ///   - version: Of the program.
    ///   - present: The row by which the name was found to be free; nil if there was none.
    ///   - former: The incarnation of the caller's own earlier life: what it had and nobody has claimed since stays with the
    ///     recorder, under the next epoch.
    ///   - live: Where its live pictures are served; nil for nowhere.
    /// - Returns: Its incarnation; nil if the row is another one by now.
    /// - Throws: The error that the database reports.
    package func register(
        _ id: String,
        spool: SpoolID,
        version: String,
        over present: Row?,
        keeping former: Int64? = nil,
        live: String? = nil
    ) throws(PostgresError) -> Int64? {
        let statement: SQL = """
            with registered as (
                insert into recorders as r (id, spool_id, version, live_address)
                values (\(id), \(spool), \(version.limited(to: 64)), \(live))
                on conflict (id) do update set incarnation = r.incarnation + 1, heartbeat = 0, heartbeat_at = now(),
                    spool_id = excluded.spool_id, version = excluded.version, draining = false, fenced = false,
                    load = 0, started_at = now(), live_address = excluded.live_address
                where r.incarnation = \(present?.incarnation ?? 0) and r.heartbeat = \(present?.heartbeat ?? 0)
                returning id, incarnation
            ), kept as (
                update assignments a set incarnation = r.incarnation, epoch = a.epoch + 1, since = now()
                from registered r where a.recorder_id = r.id and a.incarnation = \(former)
            )
            select incarnation from registered
            """
        return try connection.rows(statement, as: (Int64).self).first
    }

    /// The state of all recorders at one moment.
    package struct Round: Hashable, Sendable {
        /// False when the caller was fenced, or another has been registered under its name.
        package var isCurrent = false
        /// True if the heartbeat was raised.
        package var hasBeaten = false
        /// All recorders, by name, as they were before the heartbeat.
        package var recorders: [Row] = []
        /// The number of cameras that are not deleted.
        package var cameras = 0
        /// A number that changes with the caller's assignments.
        package var assignmentsMark: Int64 = 0
        /// The present by the database's clock; nil where there is no recorder.
        package var time: Timestamp?
    }

    /// Raises the heartbeat of a recorder if that is due, and reads the rows of all.
    ///
    /// - Parameters:
    ///   - id: The caller's name.
    ///   - incarnation: Its incarnation.
    ///   - load: The number of processors that it keeps busy; nil to read only.
    ///   - isEnding: False for a recorder that means to keep its cameras, also if its row says that it was ending: it began
    ///     again without the database.
    /// - Returns: The rows.
    /// - Throws: The error that the database reports.
    package func round(
        _ id: String,
        incarnation: Int64,
        load: Double?,
        isEnding: Bool = false
    ) throws(PostgresError) -> Round {
        let load = load.map { $0.isFinite ? min(max($0, 0), 4096) : 0 }
        let statement: SQL = """
            with beat as (
                update recorders set heartbeat = heartbeat + 1, heartbeat_at = now(), load = \(load),
                    draining = draining and \(isEnding)
                where id = \(id) and incarnation = \(incarnation) and not fenced and \(load) is not null
                returning 1
            ), mine as (
                select coalesce(sum(epoch % 1000003 * 1000003 + camera_id % 1000003), 0)::bigint as mark
                from assignments where recorder_id = \(id) and incarnation = \(incarnation)
            )
            select \(unsafe: Self.columns), (select count(*) from cameras where deleted_at is null), mine.mark,
                exists (select from beat), clock_timestamp()
            from \(unsafe: Self.tables) cross join mine order by w.id
            """
        var round = Round()
        try connection.forEachRow(statement) { row throws(PostgresError) in
            let recorder = try Row(reading: &row)
            round.recorders.append(recorder)
            round.cameras = try row.next()
            round.assignmentsMark = try row.next()
            round.hasBeaten = try row.next()
            round.time = try row.next()
            if recorder.id == id { round.isCurrent = recorder.incarnation == incarnation && !recorder.isFenced }
        }
        return round
    }

    /// Announces that a recorder ends in order: from now on others may claim its cameras.
    package func drain(_ id: String, incarnation: Int64) throws(PostgresError) {
        let statement: SQL = "update recorders set draining = true where id = \(id) and incarnation = \(incarnation)"
        try connection.execute(statement)
    }

    /// Gives up all cameras of a recorder that ends in order, so that another can have them at once.
    package func release(_ id: String, incarnation: Int64) throws(PostgresError) {
        let statement: SQL = """
            with leaving as (
                update recorders set draining = true where id = \(id) and incarnation = \(incarnation) returning id
            )
            update assignments set recorder_id = null, incarnation = null, since = now()
            where recorder_id = (select id from leaving) and incarnation = \(incarnation)
            """
        try connection.execute(statement)
    }

    // MARK: Watching others

    /// All recorders, by name.
    package func list() throws(PostgresError) -> [RecorderListing] {
        try connection.query(RecorderListing.statement) { row throws(PostgresError) in
            try RecorderListing(reading: &row)
        }
    }

    /// Fences a recorder whose heartbeat has not changed for too long by the caller's own monotonic clock.
    ///
    /// - Returns: True if it was; false when it has beaten or started again in the meantime.
    package func fence(_ id: String, incarnation: Int64, heartbeat: Int64) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update recorders set incarnation = incarnation + 1, fenced = true
            where id = \(id) and incarnation = \(incarnation) and heartbeat = \(heartbeat)
            """
        return try connection.execute(statement) == 1
    }
}
